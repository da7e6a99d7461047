// Package edit changes values in JSON and YAML texts and leaves every other byte as
// it is.
//
// A text is parsed into a [Tree] of [Node] values that know where they stand in it.
// [Tree.Apply] makes a list of changes and returns the new text. Whoever compares the
// two texts sees the changes and nothing else: comments, layout and spelling stay.
//
// # JSON
//
// encoding/json decides what is valid; a small reader then finds where each value
// stands.
//
// # YAML
//
// go.yaml.in/yaml/v3 reads the text. Its nodes know line and column of their first
// character; this package finds where they end. Not every place can be found, so every
// edit is proven: the new text is read again and its nodes are compared with what the
// changes mean. When they differ, the document is written anew by the library, with its
// comments but in the library's layout. The library alone cannot do this job: it
// always writes a document anew, and so changes indentation, quotes, line breaks and
// blank lines far from the edited value.
package edit
