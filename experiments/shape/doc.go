// Package shape reads YAML documents strictly and explains every mistake.
//
// A [Shape] describes one part of a document: it reads that part into a variable
// and it describes the same part as JSON Schema. A language is a tree of shapes.
// The loader and the schema cannot disagree, because both come from that tree.
//
// A [Document] is a document while it is read. It knows where every field is and
// collects the mistakes, each as a [Diagnostic] at a [Node]. [Join] makes one
// error of the mistakes of several documents, and [Explain] shows them with
// their lines and a caret under the token.
//
// # Which shape to use
//
//	a mapping with known keys        Fields
//	a mapping whose keys users pick  Dict (keeps the order), Table (a Go map)
//	a list                           List; One for a single value instead
//	a text with a form of its own    Scalar, with a function that parses it
//	any text, a word of several      Text, Enum
//	a whole number                   Integer
//	any value that JSON can write    JSON
//	a value in one of several forms  ByKind
//	a value that may be absent       Optional
//	a value of changing type         Into
//	a rule between several fields    Validated
//
// # How to add a field
//
// Add a line to the Fields of its mapping. Name is the key, Doc one line for
// editors and for the hint of a missing key, Shape how the value is read, and
// Required whether the key must be there:
//
//	shape.Fields{
//		{Name: "owner", Doc: "who is asked when it breaks", Shape: shape.Text(&d.Owner)},
//	}
//
// A rule that needs other fields goes into a Validated around the mapping. Its
// Also is the part of the rule that JSON Schema can express.
package shape
