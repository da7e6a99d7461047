package validate

import "github.com/blastgauge/blastgauge/experiments"

// Schema is the name and version of the JSON form. Fields are only ever added.
const Schema = "blastgauge/validation/v1"

// A Validation is what is known of documents without any server.
type Validation struct {
	Schema   string   `json:"schema"`
	Valid    bool     `json:"valid"`     // no problem is a mistake or refused
	ExitCode int      `json:"exit_code"` // of validate
	Systems  []System `json:"systems"`   // the valid ones
	// Documents are all files that were read, those of a system together, its own first.
	Documents []Document `json:"documents"`
	Problems  []Problem  `json:"problems"`
	Text      string     `json:"-"` // all of it for people, in lines
}

// A Document is a file that was read.
type Document struct {
	File   string `json:"file"`
	System string `json:"system"` // the file of the system that it belongs to
}

// A System is a system file and the experiments beside it that are valid.
type System struct {
	File        string       `json:"file"`
	Experiments []Experiment `json:"experiments"`
	GameDay     string       `json:"game_day,omitempty"` // the file of the game day whose experiments these are
	Notify      []Receiver   `json:"notify,omitempty"`   // who is told what a run does
}

// A Receiver is told what a run does.
type Receiver struct {
	Receiver string               `json:"receiver"` // its kind, and the variable with its address: "slack (SLACK_WEBHOOK)"
	On       []experiments.Notice `json:"on"`
}

// An Experiment is an experiment that is valid.
type Experiment struct {
	ID   string `json:"id"`
	File string `json:"file"`
}

// A Kind says how bad a problem is.
type Kind string

// The kinds of problems.
const (
	Mistake    Kind = "mistake"     // the document is wrong
	Refused    Kind = "refused"     // a safety rule would refuse a run
	NotChecked Kind = "not_checked" // something outside of the documents decides
	Warning    Kind = "warning"     // a run would tell less than it seems
)

// A Problem is one thing that is wrong or not known. Lines and columns are counted from
// 1; 0 is unknown, and then what follows is 0 as well.
type Problem struct {
	Kind      Kind   `json:"kind"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"` // in characters
	EndColumn int    `json:"end_column,omitempty"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"` // what to write instead
	Note      string `json:"note,omitempty"` // more, such as what is known
}
