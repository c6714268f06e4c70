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

// LooksLikeContainer tells whether a value looks like a container, whatever its field is
// called: the step of a pipeline is one.
func LooksLikeContainer(value manifest.Node) bool {
	keys := value.Keys()
	return slices.Contains(keys, "image") && slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(ofContainers, key) })
}

// Injects tells whether a text is JSON or YAML with something that looks like a container
// or an image: whatever puts containers into Pods may take them from there.
func Injects(text string) bool {
	if !strings.Contains(text, ":") {
		return false // It has no field, and most have none.
	}
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "["):
		text = "{items: " + text + "}"
	case strings.HasPrefix(text, "-"):
		text = "items:\n" + text
	}
	doc, err := manifest.Parse(manifest.Piece{Text: []byte(text)})
	if doc == nil {
		return false
	}
	root, ok := doc.Root()
	if !ok || err != nil && strings.Contains(text, "*") {
		return ok // What an alias leads to may have no end.
	}
	found := LooksLikeContainer(root)
	_ = root.Walk(func(key string, value manifest.Node) (bool, error) {
		images, err := ImagesIn(key, value)
		found = found || err != nil || len(images) > 0 || LooksLikeContainers(key, value) || LooksLikeContainer(value)
		return !found, nil
	})
	return found
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

// isHosted tells whether a text is an image with the host that it is from.
func isHosted(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	_, ok := image.Parse(text)
	return ok && host != text && strings.ContainsAny(host, ".:")
}

// IsImage tells whether an annotation looks like the name of an image.
func IsImage(key, text string) bool {
	_, ok := image.Parse(text)
	return ok && isImage(key)
}

// isParted tells whether a mapping has a repository and which of its images, whatever
// its own field is called.
func isParted(keys []string) bool {
	has := func(names ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(names, key) })
	}
	return has("repository", "repo", "registry", "hub") && has("tag", "digest", "sha")
}

// isTagged tells whether a text is an image with a tag or a digest, and nothing else:
// HOST:PORT may be one, too.
func isTagged(text string) bool {
	read, ok := image.Parse(text)
	if !ok || read.Rest == "" {
		return false
	}
	hasPath := strings.Contains(strings.TrimSuffix(text, read.Rest), "/")
	return hasPath || read.Rest == ":latest" || isVersion.MatchString(read.Rest)
}

// isVersion is a tag that is no port, or a digest.
var isVersion = regexp.MustCompile(`^:v?[0-9]+[.-]|@`)

// ImagesIn returns what looks like names of images in a field: image: NAME,
// sidecarImage: NAME, images: [NAME], imageName: NAME, image: {repository: NAME} or
// another key, imageAnything: HOST/NAME and image: {anything: HOST/NAME}, and by any name
// NAME:TAG and {repository: NAME, tag: TAG}.
func ImagesIn(key string, value manifest.Node) ([]manifest.Node, error) {
	text, _ := value.Text()
	keys := value.Keys()
	isCalled := isImage(key) || strings.Contains(strings.ToLower(key), "image") && isHosted(text)
	if !isCalled && !isParted(keys) && !isTagged(text) {
		return nil, nil
	}
	names := []manifest.Node{value}
	if len(keys) > 0 {
		names = nil
		for _, key := range namesImage {
			places, err := value.Find(key)
			if err != nil {
				return nil, err
			}
			names = append(names, places...)
		}
		_ = value.Walk(func(_ string, below manifest.Node) (bool, error) {
			if text, err := below.Text(); err == nil && isHosted(text) {
				names = append(names, below)
			}
			return false, nil
		})
	}
	return slices.DeleteFunc(names, func(name manifest.Node) bool {
		text, err := name.Text()
		_, ok := image.Parse(text)
		return err != nil || !ok
	}), nil
}
