// Package pages reads the command blocks of what users read.
package pages

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Block is a block of commands in a page.
type Block struct {
	// Page is the page's path from the root of the repository, and Line that of the
	// block's first command, counted from 1.
	Page string
	Line int
	// Script is the commands.
	Script string
}

// fence matches a block of commands, of which the tests run those called bash.
var fence = regexp.MustCompile("(?ms)^ *```(?:sh|bash)\n(.*?)^ *```")

// Pages are the Markdown files of a repository that users read, by their paths from
// its root.
func Pages(root string) ([]string, error) {
	var pages []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "bin" || entry.Name() == "dist" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			relative, err := filepath.Rel(root, path)
			pages = append(pages, relative)
			return err
		}
		return nil
	})
	return pages, err
}

// Blocks are the command blocks of a page.
func Blocks(root, page string) ([]Block, error) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	var blocks []Block
	for _, at := range fence.FindAllSubmatchIndex(text, -1) {
		blocks = append(blocks, Block{Page: page, Line: strings.Count(string(text[:at[2]]), "\n") + 1, Script: string(text[at[2]:at[3]])})
	}
	return blocks, nil
}
