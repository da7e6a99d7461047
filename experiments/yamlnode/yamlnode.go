// Package yamlnode reads YAML texts as nodes that know where they stand, and writes
// nodes.
//
// It is the one room that imports the YAML library, and it keeps the library's panics
// in: the parser has states that it believes impossible and reports by a panic.
// Documents come from people and from other systems, so such a state is an error like
// others, and must not end the process.
package yamlnode

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// A Node is a value, or a whole document, with the line and column of its first
// character.
type Node = yaml.Node

// A Style says how a node is written.
type Style = yaml.Style

// Kinds of nodes.
const (
	DocumentNode = yaml.DocumentNode
	SequenceNode = yaml.SequenceNode
	MappingNode  = yaml.MappingNode
	ScalarNode   = yaml.ScalarNode
	AliasNode    = yaml.AliasNode
)

// Styles of nodes.
const (
	TaggedStyle       = yaml.TaggedStyle
	DoubleQuotedStyle = yaml.DoubleQuotedStyle
	SingleQuotedStyle = yaml.SingleQuotedStyle
	LiteralStyle      = yaml.LiteralStyle
	FoldedStyle       = yaml.FoldedStyle
	FlowStyle         = yaml.FlowStyle
)

// Read reads the documents of a text, but no more than limit when limit is above 0.
// The error begins with "yaml: ".
func Read(text []byte, limit int) (documents []*Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			documents, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	for limit <= 0 || len(documents) < limit {
		var n Node
		switch err := d.Decode(&n); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		}
		documents = append(documents, &n)
	}
	return documents, nil
}

// Write writes documents as one text. Nested values are indented by indent spaces.
func Write(documents []*Node, indent int) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(indent)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return nil, err
		}
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
