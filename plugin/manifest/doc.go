// Package manifest reads rendered Kubernetes manifests and edits them in
// place: an edit is spliced into the original bytes, so that everything else
// stays as it was, to the byte.
//
// An edit goes this way:
//
//  1. Split cuts the stream into pieces of one document each, and Parse reads a
//     piece. It refuses what readers of YAML disagree about (strict.go), so that
//     what the tree says is what Kubernetes reads.
//  2. Document.Objects finds the objects, and Node.Find the places in one. A Node
//     knows its path, where what follows it begins, and whether it may be seen
//     from elsewhere through an anchor.
//  3. Node.Merge, SetText, Append and Patch plan: they change the tree, note the
//     Change for people, and keep how the value was (Node.touch). The text stays.
//  4. Document.Commit makes of each value that was touched an edit of bytes
//     (splice.go), splices all of them, and reads the result back.
//
// What holds:
//
//   - The tree after Commit is the tree that was planned, or there is an error:
//     text is never written on trust.
//   - No byte outside the edits changes, neither in comments nor in styles.
//   - An edit of what an anchor or an alias shares is refused.
//   - Planning what is so already plans nothing, so that rendering twice is
//     rendering once.
//   - No Error and no Change holds a value of a Secret.
package manifest
