// Package image reads image references. It agrees with
// github.com/distribution/reference, which its tests hold, but costs no time
// to load: that library compiles its grammar whenever a program starts.
package image

import (
	"slices"
	"strings"
)

// Reference is an image reference in its full form.
type Reference struct {
	// Name is registry and repository, such as "docker.io/library/redis".
	Name string
	// Rest is the tag and the digest with what leads to them, such as
	// ":7@sha256:…".
	Rest string
}

// maxName is the length of the longest path in the grammar of distribution, in
// bytes.
const maxName = 255

// Parse reads a reference as container runtimes do: "redis" is
// "docker.io/library/redis". It is false if text is none.
func Parse(text string) (Reference, bool) {
	rest, digest, digested := strings.Cut(text, "@")
	name, tag, tagged := cutTag(rest)
	if digested && !isDigest(digest) || tagged && !isTag(tag) || isID(text) {
		return Reference{}, false
	}
	full := normalise(name)
	domain, path, found := strings.Cut(full, "/")
	if !isDomain(domain) {
		// It may be one to who resolves it: my_host.example/a is read, too.
		path = full
	}
	if !found || !isPath(path) || len(path) > maxName {
		return Reference{}, false
	}
	return Reference{Name: full, Rest: text[len(name):]}, true
}

// schemes say of a text that it is the name of an image, and from where to take it.
var schemes = []string{"docker://", "oci://"}

// CutScheme cuts off what says that a text is the name of an image.
func CutScheme(text string) (scheme, name string) {
	for _, scheme := range schemes {
		if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
			return text[:len(scheme)], text[len(scheme):]
		}
	}
	return "", text
}

// dockerHosts are the hosts by which clients reach Docker's own registry.
var dockerHosts = []string{"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}

// Canonical returns a full name, or the beginning of one, with the one name of
// its host: a registry client reads a host in any letters, and takes 443 for the
// port if there is none.
func Canonical(name string) string {
	host, path, below := strings.Cut(name, "/")
	host = strings.ToLower(host)
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		port := strings.TrimLeft(host[colon+1:], "0")
		host = host[:colon]
		if port != "443" {
			host += ":" + port
		}
	}
	if slices.Contains(dockerHosts, host) {
		host = "docker.io"
	}
	if below {
		host += "/" + path
	}
	return host
}

// Repository returns the canonical name of what the reference names, which is
// below library for the official images of Docker.
func (r Reference) Repository() string {
	name := Canonical(r.Name)
	if path, found := strings.CutPrefix(name, "docker.io/"); found && !strings.Contains(path, "/") {
		return "docker.io/library/" + path
	}
	return name
}

// IsPrefix tells whether text is a registry's host, alone or with the first
// components of a repository's path.
func IsPrefix(text string) bool {
	host, path, below := strings.Cut(text, "/")
	if host != "localhost" && !strings.ContainsAny(host, ".:") {
		return false
	}
	return isDomain(host) && (!below || isPath(path)) && len(text) < maxName && normalise(text+"/x/y") == text+"/x/y"
}

// cutTag cuts a tag off, which is behind a colon after the last slash.
func cutTag(text string) (name, tag string, found bool) {
	slash := strings.LastIndexByte(text, '/')
	colon := strings.LastIndexByte(text, ':')
	if colon <= slash {
		return text, "", false
	}
	return text[:colon], text[colon+1:], true
}

// normalise writes a name out with its registry and, for Docker's own, the
// folder of the official images.
func normalise(name string) string {
	domain, path, found := strings.Cut(name, "/")
	isHost := strings.ContainsAny(domain, ".:") || domain == "localhost" || strings.ToLower(domain) != domain
	if !found || !isHost {
		domain, path = "docker.io", name
	}
	if domain == "index.docker.io" {
		domain = "docker.io"
	}
	if domain == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return domain + "/" + path
}

// isDomain tells whether text is a host and maybe a port: letters, digits and
// inner hyphens between dots, or an IPv6 address in brackets.
func isDomain(text string) bool {
	if strings.HasPrefix(text, "[") {
		address, port, found := strings.Cut(text, "]")
		return found && len(address) > 1 && only(address[1:], "0123456789abcdefABCDEF:") &&
			(port == "" || port[0] == ':' && len(port) > 1 && only(port[1:], digits))
	}
	host, port, found := strings.Cut(text, ":")
	if found && (port == "" || !only(port, digits)) {
		return false
	}
	for part := range strings.SplitSeq(host, ".") {
		if part == "" || !only(part, letters+capitals+digits+"-") || part[0] == '-' || part[len(part)-1] == '-' {
			return false
		}
	}
	return true
}

// isPath tells whether text is the path of a repository: components of small
// letters and digits, joined by one dot, one or two underscores or any hyphens.
func isPath(text string) bool {
	for component := range strings.SplitSeq(text, "/") {
		if !isComponent(component) {
			return false
		}
	}
	return true
}

func isComponent(text string) bool {
	for {
		rest := strings.TrimLeft(text, letters+digits)
		if rest == "" || rest == text {
			return rest != text
		}
		text = strings.TrimLeft(rest, "._-")
		if !isJoint(rest[:len(rest)-len(text)]) {
			return false
		}
	}
}

func isJoint(text string) bool {
	return text == "." || text == "_" || text == "__" || text != "" && only(text, "-")
}

func isTag(text string) bool {
	return text != "" && len(text) <= 128 && only(text, letters+capitals+digits+"_.-") && text[0] != '.' && text[0] != '-'
}

// isDigest knows the algorithms of the OCI image format.
func isDigest(text string) bool {
	algorithm, hex, _ := strings.Cut(text, ":")
	length := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	return length > 0 && len(hex) == length && only(hex, "0123456789abcdef")
}

// isID tells whether text is the identifier of an image on one machine, which
// is no name.
func isID(text string) bool { return len(text) == 64 && only(text, "0123456789abcdef") }

const (
	letters  = "abcdefghijklmnopqrstuvwxyz"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
)

// only tells whether text has no character but those.
func only(text, those string) bool { return strings.TrimLeft(text, those) == "" }
