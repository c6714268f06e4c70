package kinds

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

// isPeoples tells whether a field holds keys that people choose, so that they mean
// nothing.
func isPeoples(field string) bool {
	return slices.Contains([]string{"metadata", "labels", "annotations", "matchLabels"}, field)
}

// Walk is manifest.Node.Walk without labels and the like: mappings of keys that people
// choose, and the texts in them. What is more than a text there is visited.
func Walk(object manifest.Node, visit func(key string, value manifest.Node) (bool, error)) error {
	var walk, inPeoples func(key string, value manifest.Node) (bool, error)
	walk = func(key string, value manifest.Node) (bool, error) {
		if isPeoples(key) {
			return false, value.Walk(inPeoples)
		}
		return visit(key, value)
	}
	inPeoples = func(key string, value manifest.Node) (bool, error) {
		if len(value.Keys()) == 0 && !value.HasItems() {
			return false, nil
		}
		below, err := walk(key, value)
		if !below || err != nil {
			return below, err
		}
		return false, value.Walk(walk)
	}
	return object.Walk(walk)
}

// LooksLikeContainers tells whether a field of any kind looks like the containers of
// a Pod.
func LooksLikeContainers(key string, value manifest.Node) bool {
	return strings.HasSuffix(strings.ToLower(key), "containers") && value.HasItems()
}

// LooksLikeContainer tells whether a field looks like a container, whatever it is called: the
// step of a pipeline is one. If it is called so, it may leave its image to an operator.
func LooksLikeContainer(key string, value manifest.Node) bool {
	keys := value.Keys()
	has := func(some ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(some, key) })
	}
	return has("image") && has(ofContainers...) || strings.HasSuffix(strings.ToLower(key), "container") && has("args", "command")
}

// Injects tells whether a text is JSON or YAML with something that looks like a container
// or an image: whatever puts containers into Pods may take them from there.
func Injects(text string) bool {
	if !strings.Contains(text, ":") {
		return false // It has no field, and most have none.
	}
	for piece := range manifest.Pieces([]byte(text)) {
		if injects(piece) {
			return true
		}
	}
	return false
}

func injects(piece manifest.Piece) bool {
	doc, err := manifest.Parse(piece)
	if doc == nil {
		return injectsInList(string(piece.Alone()))
	}
	root, ok := doc.Root()
	if !ok || err != nil && strings.Contains(string(piece.Text), "*") {
		return ok // What an alias leads to may have no end.
	}
	return holdsImage(root)
}

// injectsInList is injects for a text that is no mapping.
func injectsInList(text string) bool {
	list := "items:\n" + strings.TrimPrefix(text, "---")
	doc, err := manifest.Parse(manifest.Piece{Text: []byte(list)})
	if doc == nil {
		return hasField(text)
	}
	root, _ := doc.Root()
	if err != nil && strings.Contains(text, "*") {
		return true
	}
	found, err := root.Find("items[]")
	return err == nil && len(found) > 0 && holdsImage(root)
}

// holdsImage tells whether something in a mapping looks like a container or an image.
func holdsImage(root manifest.Node) bool {
	looks := func(key string, value manifest.Node) bool {
		if strings.Contains(key, " ") {
			key = "" // It is prose.
		}
		return len(ImagesIn(key, value)) > 0 || LooksLikeContainers(key, value) || LooksLikeContainer(key, value)
	}
	found := looks("", root)
	_ = root.Walk(func(key string, value manifest.Node) (bool, error) {
		found = found || looks(key, value)
		return !found, nil
	})
	return found
}

var (
	// beginning is how JSON and YAML begin, below comments.
	beginning = regexp.MustCompile(`^\s*([#%].*\n\s*)*(---|- |[{\[]|["']?[\w./-]+["']?\s*:)`)
	// fields are the names of those in what may have been JSON or YAML.
	fields = regexp.MustCompile(`(?m)(?:^|[{\[,])[\s-]*["']?([\w-]+)["']?\s*:`)
)

// hasField tells whether a text that cannot be parsed has a field for containers or an
// image. Other readers may put up with more.
func hasField(text string) bool {
	return beginning.MatchString(text) && slices.ContainsFunc(fields.FindAllStringSubmatch(text, -1), func(found []string) bool {
		name := strings.ToLower(found[1])
		return isImage(name) || strings.HasSuffix(name, "container") || strings.HasSuffix(name, "containers")
	})
}

// ofContainers are fields that nothing but a container has beside an image.
var ofContainers = []string{"args", "command", "env", "envFrom", "resources", "volumeMounts"}

// namesImage are the ends of the fields that name an image: of image: {name: NAME} and
// of imageName: NAME.
var namesImage = []string{"repository", "repo", "registry", "hub", "reference", "name", "ref", "url", "uri"}

// isImage tells whether a field is called image, sidecarImages, image_name or the like.
func isImage(key string) bool {
	key = strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))
	for _, end := range append([]string{"", "s"}, namesImage...) {
		if strings.HasSuffix(key, "image"+end) {
			return true
		}
	}
	return false
}

// parse reads the name of an image, which a scheme may say that it is.
func parse(text string) (read image.Reference, name string, ok bool) {
	_, name = image.CutScheme(text)
	read, ok = image.Parse(name)
	return read, name, ok
}

// isName tells whether a text can be the name of an image.
func isName(text string) bool {
	_, _, ok := parse(text)
	return ok
}

// isHosted tells whether a text is an image with the host that it is from.
func isHosted(text string) bool {
	_, name, ok := parse(text)
	host, _, _ := strings.Cut(name, "/")
	return ok && host != name && strings.ContainsAny(host, ".:")
}

// IsImage tells whether an annotation looks like the name of an image.
func IsImage(key, text string) bool { return isImage(key) && isName(text) }

// isParted tells whether a mapping has a repository and which of its images, whatever
// its own field is called. A repository of another scheme has charts, or code.
func isParted(mapping manifest.Node) bool {
	hasRepository, hasWhich := false, false
	_ = mapping.Walk(func(key string, value manifest.Node) (bool, error) {
		text, _ := value.Text()
		_, name := image.CutScheme(text)
		isRepository := isOneOf([]string{"repository", "repo", "registry", "hub"}, key)
		hasRepository = hasRepository || isRepository && !strings.Contains(name, "://")
		hasWhich = hasWhich || isOneOf([]string{"tag", "digest", "sha", "version", "image"}, key)
		return false, nil
	})
	return hasRepository && hasWhich
}

// IsTagged tells whether a text is an image with a scheme, a tag or a digest, and nothing
// else: HOST:PORT may be one, too.
func IsTagged(text string) bool {
	read, name, ok := parse(text)
	hasScheme, hasPath := name != text, strings.Contains(strings.TrimSuffix(name, read.Rest), "/")
	return ok && (hasScheme || read.Rest != "" && hasPath || read.Rest == ":latest" || isVersion.MatchString(read.Rest))
}

// hasPort tells whether a text is HOST:PORT/NAME of a registry. Others, such as redis:6379/0,
// have short hosts.
func hasPort(text string) bool {
	host, _, hasPath := strings.Cut(text, "/")
	port := strings.LastIndex(host, ":")
	return hasPath && port > 0 && (host[:port] == "localhost" || strings.ContainsAny(host[:port], ".[")) && isName(text)
}

// isVersion is a tag that is no port, or a digest.
var isVersion = regexp.MustCompile(`^:v?[0-9]+[.-]|@`)

// ImagesIn returns what looks like names of images in a field: image: NAME,
// sidecarImage: NAME, images: [NAME], imageName: NAME, image: {repository: NAME} or
// another key, imageAnything: HOST/NAME, HOST/NAME at any depth below such a field, and by
// any name NAME:TAG, HOST:PORT/NAME, oci://NAME and {repository: NAME, tag: TAG}.
func ImagesIn(key string, value manifest.Node) []manifest.Node {
	isAbout := strings.Contains(strings.ToLower(key), "image")
	if len(value.Keys()) == 0 {
		text := trimmed(value)
		if IsImage(key, text) || isAbout && isHosted(text) || IsTagged(text) || hasPort(text) {
			return []manifest.Node{value}
		}
		return nil
	}
	isParts := isImage(key) || isParted(value)
	var names []manifest.Node
	_ = Walk(value, func(key string, below manifest.Node) (bool, error) {
		text := trimmed(below)
		isPart := isParts && below.Path() == value.Path()+"."+key
		if isPart && isOneOf(namesImage, key) && isName(text) || (isPart || isAbout) && isHosted(text) {
			names = append(names, below)
		}
		return isAbout, nil
	})
	return names
}

// trimmed is the text at a place without blanks around it, as whoever reads a text of lines
// takes it.
func trimmed(place manifest.Node) string {
	text, _ := place.Text()
	return strings.TrimSpace(text)
}

// isOneOf compares names of fields as readers of JSON do.
func isOneOf(names []string, key string) bool { return slices.Contains(names, strings.ToLower(key)) }
