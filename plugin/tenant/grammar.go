package tenant

import (
	"regexp"
	"strings"

	"github.com/distribution/reference"
)

// The grammars are those of Kubernetes.
var (
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	keyName      = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
)

func isName(text string) bool { return dnsLabel.MatchString(text) }

// isKey tells whether text can be the key of a label or an annotation.
func isKey(text string) bool {
	prefix, name, prefixed := strings.Cut(text, "/")
	if !prefixed {
		return keyName.MatchString(text)
	}
	return len(prefix) <= 253 && dnsSubdomain.MatchString(prefix) && keyName.MatchString(name)
}

// isLabelValue tells whether text can be the value of a label.
func isLabelValue(text string) bool { return text == "" || keyName.MatchString(text) }

// isImagePrefix tells whether text is a registry's host, alone or with the
// first components of a repository's path.
func isImagePrefix(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	if host != "localhost" && !strings.ContainsAny(host, ".:") {
		return false
	}
	// A prefix is right if a repository below it is.
	parsed, err := reference.Parse(text + "/repository")
	if err != nil {
		return false
	}
	named, ok := parsed.(reference.Named)
	return ok && reference.Domain(named) == host
}
