package experiments

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Kind is a kind of document.
type Kind string

// The kinds of documents.
const (
	SystemKind     Kind = "system"
	ExperimentKind Kind = "experiment"
	GameDayKind    Kind = "gameday"
	// LineKind is no kind of document, but of the lines that a program under traffic.command
	// writes. The room that reads them has its schema.
	LineKind Kind = "traffic"
	// StatementKind is no kind of document either, but of what a gate signs; package statement
	// has its schema.
	StatementKind Kind = "statement"
	// GateKind is of what a gate reports as JSON; package gate has it.
	GateKind Kind = "gate"
	// PolicyKind is of the requirements that statements are judged by; package requirements has it.
	PolicyKind Kind = "policy"
)

// Schema returns the JSON Schema (draft 2020-12) of a kind of document, as
// indented JSON with a newline at its end. It comes from the same shapes as the
// loader. Rules between several fields or documents are beyond it.
func Schema(kind Kind) ([]byte, error) {
	switch kind {
	case SystemKind:
		return shape.JSONSchema(systemShape(&System{}, environment{}), "blastgauge: a system under test")
	case ExperimentKind:
		return shape.JSONSchema(experimentShape(&Experiment{}, environment{}), "blastgauge: an experiment")
	case GameDayKind:
		return shape.JSONSchema(gameDayShape(&GameDay{}), "blastgauge: a game day")
	}
	return nil, fmt.Errorf("unknown kind of document %q: known are %s, %s, %s, %s, %s, %s and %s", kind, SystemKind, ExperimentKind, GameDayKind, LineKind, StatementKind, GateKind, PolicyKind)
}
