package rules

import "hash/maphash"

// facts are what documents say that matters to others.
type facts struct {
	// relabelled is what gets other labels, and whose they are.
	relabelled map[relabelled]string
	asked      map[asked]bool
	// rendered are hashes of the references to what the documents have.
	rendered []uint64
	used     map[reference]bool

	guarded  []guarded
	policies []closing
}

// note adds an entry to one of the maps. Most documents have none.
func note[K comparable, V any](to *map[K]V, key K, value V) {
	if *to == nil {
		*to = map[K]V{}
	}
	(*to)[key] = value
}

// reference is what leads to an object.
type reference struct{ id, namespace, name string }

var seed = maphash.MakeSeed()

// hash stands for a reference where all of a stream are kept. Nobody can tell what others
// have the same one.
func (r reference) hash() uint64 { return maphash.Comparable(seed, r) }

// verdict is what is wrong with a stream as a whole.
type verdict struct {
	// lost has what is wrong with what selectors ask for.
	lost map[asked]loss
	// missing are used, and nowhere in the stream.
	missing map[reference]bool
	// open is what lets everyone in, and which of its Pods do.
	open map[reference]string
}

// judge returns what is wrong, or nil.
func (e *engine) judge(outcomes []*outcome) *verdict {
	v := &verdict{lost: e.lostLabels(outcomes), missing: missingReferences(outcomes), open: openInstances(outcomes)}
	if len(v.lost) == 0 && len(v.missing) == 0 && len(v.open) == 0 {
		return nil
	}
	return v
}
