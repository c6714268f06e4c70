// Package lasterror keeps the last error of the post-renderer in a file: Helm 4
// drops what a post-renderer writes to stderr.
package lasterror

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Path returns the file's name, below Helm's cache.
func Path() (string, error) {
	cache := os.Getenv("HELM_CACHE_HOME")
	if cache == "" {
		user := os.Getenv("XDG_CACHE_HOME")
		if user == "" {
			var err error
			if user, err = os.UserCacheDir(); err != nil {
				return "", err
			}
		}
		cache = filepath.Join(user, "helm")
	}
	return filepath.Join(cache, "tenant-redis", "last-error.txt"), nil
}

// Write keeps an error, and nothing of those before it.
func Write(problem error) error {
	name, err := Path()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(problem.Error()+"\n"), 0o600)
}

// Read returns the last error, without the final line end, and when it
// happened. The error is os.ErrNotExist if there was none.
func Read() (problem string, when time.Time, err error) {
	name, err := Path()
	if err != nil {
		return "", when, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", when, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", when, err
	}
	return strings.TrimSuffix(string(text), "\n"), info.ModTime(), nil
}
