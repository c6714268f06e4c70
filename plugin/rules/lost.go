package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// label is one of some objects.
type label struct {
	key, value string
	reach
}

// change is what relabelled says, taken apart.
type change struct {
	reach
	kept, lost, got map[string]string
	isMade          bool
	owner           string
}

// relabelled is the change in a form that can be compared.
func (c change) relabelled() relabelled {
	return relabelled{c.reach, encoded(c.kept), encoded(c.lost), encoded(c.got), c.isMade}
}

// change reads what relabelled has written.
func (r relabelled) change(owner string) change {
	read := func(text string) (labels map[string]string) {
		_ = json.Unmarshal([]byte(text), &labels)
		return labels
	}
	return change{r.reach, read(r.kept), read(r.lost), read(r.got), r.isMade, owner}
}

// matters tells whether a selector may lose something. Of Pods alone somebody may want that
// they have no such label.
func (c change) matters() bool { return len(c.lost) > 0 || c.of == pods && len(c.got) > 0 }

// given are labels that controllers of Kubernetes and the Redis operator give Pods besides
// those of their template, with values that no manifest has.
var given = map[string]bool{
	"pod-template-hash": true, "controller-revision-hash": true, "rollouts-pod-template-hash": true, roleLabel: true,
	"statefulset.kubernetes.io/pod-name": true, "apps.kubernetes.io/pod-index": true,
	"job-name": true, "controller-uid": true, "batch.kubernetes.io/job-name": true, "batch.kubernetes.io/controller-uid": true,
	"batch.kubernetes.io/job-completion-index": true,
}

// losesOf returns which of what a selector asks for is met by the labels before and not by
// those after, or -1. There is none if something else that it asks for never is.
func (c change) losesOf(all []requirement) int {
	at := -1
	for i, r := range all {
		was, wasThere := either(r.key, c.lost, c.kept)
		is, isThere := either(r.key, c.got, c.kept)
		before, after := r.admits(was, wasThere), r.admits(is, isThere)
		isGiven := !wasThere && !isThere && (c.isMade || given[r.key])
		switch {
		case before && !after && at < 0:
			at = i
		case !before && !after && !isGiven:
			return -1
		}
	}
	return at
}

// either returns the value of a label that one of two sets has.
func either(key string, one, other map[string]string) (string, bool) {
	value, isThere := one[key]
	if !isThere {
		value, isThere = other[key]
	}
	return value, isThere
}

// clue is what is known of changes without looking at each: a label that one has, loses or
// gets, or whose key it has, loses or gets.
type clue struct {
	how how
	label
}

type how int

const (
	has how = iota
	loses
	gets
	hasKey
	losesKey
	getsKey
	isMade
)

// clues are those by which selectors of its own namespace find a change, and those of all.
func (c change) clues() []clue {
	clues := c.cluesIn(c.reach)
	if c.namespace != "" {
		clues = append(clues, c.cluesIn(reach{of: c.of})...)
	}
	return clues
}

func (c change) cluesIn(in reach) []clue {
	var clues []clue
	add := func(labels, others map[string]string, ofValue, ofKey how) {
		for key, value := range labels {
			clues = append(clues, clue{has, label{key, value, in}}, clue{hasKey, label{key, "", in}}, clue{ofValue, label{key, value, in}})
			if _, isThere := others[key]; !isThere {
				clues = append(clues, clue{ofKey, label{key, "", in}})
			}
		}
	}
	add(c.lost, c.got, loses, losesKey)
	add(c.got, c.lost, gets, getsKey)
	for key, value := range c.kept {
		clues = append(clues, clue{has, label{key, value, in}}, clue{hasKey, label{key, "", in}})
	}
	if c.isMade {
		clues = append(clues, clue{isMade, label{reach: in}})
	}
	return clues
}

// changes are found by their clues, or each selector would be compared with each of them.
type changes struct {
	all    []change
	byClue map[clue][]int
}

func changesOf(owners map[relabelled]string) changes {
	x := changes{byClue: map[clue][]int{}}
	for _, r := range slices.SortedFunc(maps.Keys(owners), compare) {
		x.all = append(x.all, r.change(owners[r]))
	}
	for i, c := range x.all {
		for _, clue := range c.clues() {
			x.byClue[clue] = append(x.byClue[clue], i)
		}
	}
	return x
}

func compare(a, b relabelled) int {
	return cmp.Or(cmp.Compare(a.lost, b.lost), cmp.Compare(a.kept, b.kept), cmp.Compare(a.got, b.got), cmp.Compare(a.of, b.of), cmp.Compare(a.namespace, b.namespace))
}

// couldLose are the clues of changes by which a selector may lose something.
func couldLose(in reach, all []requirement) []clue {
	var clues []clue
	for _, r := range all {
		switch r.operator {
		case "In":
			clues = append(clues, r.clues(loses, in)...)
		case "NotIn":
			clues = append(clues, r.clues(gets, in)...)
		case "Exists":
			clues = append(clues, clue{losesKey, label{r.key, "", in}})
		case "DoesNotExist":
			clues = append(clues, clue{getsKey, label{r.key, "", in}})
		}
	}
	return clues
}

func (r requirement) clues(how how, in reach) []clue {
	clues := make([]clue, len(r.values))
	for i, value := range r.values {
		clues[i] = clue{how, label{r.key, value, in}}
	}
	return clues
}

// having are the clues of changes without which a selector selects nothing, or none if
// nobody can tell.
func (r requirement) having(in reach) []clue {
	made := clue{isMade, label{reach: in}}
	switch {
	case given[r.key]:
		return nil
	case r.operator == "In":
		return append(r.clues(has, in), made)
	case r.operator == "Exists":
		return []clue{{hasKey, label{r.key, "", in}}, made}
	default:
		return nil
	}
}

func (x changes) count(clues []clue) int {
	sum := 0
	for _, clue := range clues {
		sum += len(x.byClue[clue])
	}
	return sum
}

// lossOf returns the first change by which a selector loses something, and what it asks for
// in vain. It looks at those of the label that the fewest have.
func (x changes) lossOf(in reach, all []requirement) (c change, at int, isLost bool) {
	fewest := couldLose(in, all)
	for _, r := range all {
		if having := r.having(in); having != nil && x.count(having) < x.count(fewest) {
			fewest = having
		}
	}
	for _, clue := range fewest {
		for _, i := range x.byClue[clue] {
			if at := x.all[i].losesOf(all); at >= 0 {
				return x.all[i], at, true
			}
		}
	}
	return change{}, 0, false
}

// lostLabels returns what is wrong with selectors that ask for labels which what they
// selected has no more: a Service would have no endpoints, a policy no Pods, a monitor no
// Services.
func (e *engine) lostLabels(outcomes []*outcome) map[asked]loss {
	owners, wanted := map[relabelled]string{}, map[asked]bool{}
	for _, o := range outcomes {
		maps.Copy(owners, o.facts.relabelled)
		maps.Copy(wanted, o.facts.asked)
	}
	if len(wanted) == 0 {
		return nil
	}
	x, lost := changesOf(owners), map[asked]loss{}
	for a := range wanted {
		all := a.requirements()
		if c, at, isLost := x.lossOf(a.reach, all); isLost {
			lost[a] = loss{at, e.wrongWith(all[at], c)}
		}
	}
	return lost
}

// wrongWith says what becomes of what a selector asks for.
func (e *engine) wrongWith(r requirement, c change) string {
	old, value := c.lost[r.key], c.got[r.key]
	who, mend := e.relabels(r.key, value)
	if r.operator != "In" && r.operator != "Exists" {
		return fmt.Sprintf("shuts Pods with the label %s=%s out, which %s would get from %s of the tenant file; "+
			"%s, or change the selector in the chart's values", r.key, value, c.owner, who, mend)
	}
	becomes := "makes it " + value
	if _, isThere := c.got[r.key]; !isThere {
		becomes = "removes it"
	}
	return fmt.Sprintf("asks for the label %s=%s, which %s would lose: %s of the tenant file %s; "+
		"%s, or change both in the chart's values", r.key, old, c.owner, who, becomes, mend)
}

// relabels returns what of the tenant file gives a label that value, or takes it away, and
// what mends it.
func (e *engine) relabels(key, value string) (who, mend string) {
	set, isSet := e.labels[key]
	switch {
	case isSet && set == value:
		return e.labelCause(key).Rule, "remove the label from the tenant file"
	case len(e.tenant.Spec.Patches) > 0:
		return "spec.patches", "leave the label as the chart has it"
	default:
		return "spec.sidecars", "leave the Pods out of its targets"
	}
}
