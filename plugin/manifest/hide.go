package manifest

import "go.yaml.in/yaml/v3"

// HideSecrets returns two versions of a document for people: in place of each
// value of a Secret stands "***", and where the versions differ, which of them
// it is. It is false if that cannot be done in place; neither may be shown
// then.
func HideSecrets(before, after []byte) (shownBefore, shownAfter []byte, ok bool) {
	was, okBefore := secretValues(before)
	is, okAfter := secretValues(after)
	if !okBefore || !okAfter {
		return nil, nil, false
	}
	shownBefore, okBefore = hide(before, was, is, "*** (before)")
	shownAfter, okAfter = hide(after, is, was, "*** (after)")
	return shownBefore, shownAfter, okBefore && okAfter
}

// secretValues returns the values of a document's Secrets by path.
func secretValues(text []byte) (map[string]*yaml.Node, bool) {
	_, places, ok := secretPlaces(text)
	values := map[string]*yaml.Node{}
	for _, place := range places {
		values[place.path] = place.yaml
	}
	return values, ok
}

func secretPlaces(text []byte) (*Document, []Node, bool) {
	doc, err := Parse(Piece{Text: text, Line: 1})
	if err != nil {
		return nil, nil, false
	}
	objects, err := doc.Objects()
	if err != nil {
		return nil, nil, false
	}
	var places []Node
	for _, object := range objects {
		if scalar(object.yaml, "kind") != "Secret" {
			continue
		}
		for _, key := range []string{"data", "stringData"} {
			values, err := object.field(key)
			if err != nil || !values.absent() && values.yaml.Kind != yaml.MappingNode {
				return nil, nil, false
			}
			for _, name := range values.Keys() {
				place, err := values.field(name)
				if err != nil {
					return nil, nil, false
				}
				places = append(places, place)
			}
		}
	}
	return doc, places, true
}

// hide replaces all values of Secrets in text: by mark if another version has
// another value there, else by "***".
func hide(text []byte, own, other map[string]*yaml.Node, mark string) ([]byte, bool) {
	doc, places, ok := secretPlaces(text)
	if !ok {
		return nil, false
	}
	for _, place := range places {
		shown := mark
		if there := other[place.path]; there != nil && sameValue(own[place.path], there) {
			shown = "***"
		}
		if err := place.set(scalarNode(shown), Cause{}); err != nil {
			return nil, false
		}
	}
	shown, err := doc.Bytes()
	return shown, err == nil
}
