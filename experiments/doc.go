// Package experiments is the language that users write: a document of the system
// under test and one document for each experiment.
//
// [Load] reads and validates both kinds, and [Schema] describes them to editors.
// Both come from one description of the language in terms of package shape. Each
// file of this package holds one part of a document: its type, its shape and its
// rules. check.go holds the rules that need both documents.
package experiments
