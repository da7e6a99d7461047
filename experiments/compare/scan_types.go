package compare

import (
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// A ScanComparison is what changed between the maps of two scans.
//
// A cell regressed where base shows that it is harmless and head that it is harmful, or
// where head breaks an invariant that base did not, or where head harms more than base by
// intervals that lie apart. It improved where it is the other way round. It is unchanged
// where both sides have the same answer, and inconclusive where one of them has none.
type ScanComparison struct {
	// Cells are in the order of reports: by status, then as the map of head has them.
	Cells []CellChange `json:"cells"`
	// Pairs are those of a dependency and its fallback, in the same order.
	Pairs          []CellChange          `json:"pairs,omitempty"`
	BreakingPoints []BreakingPointChange `json:"breaking_points,omitempty"`
	// Dependencies are those that one side alone has, and those that behave or are declared
	// otherwise in head.
	Dependencies []DependencyChange `json:"dependencies,omitempty"`
	Findings     []FindingChange    `json:"findings,omitempty"`
	Counts       map[Status]int     `json:"counts"`         // of cells, pairs and breaking points; every status is there
	Diff         []FileDiff         `json:"diff,omitempty"` // of the system's documents
}

// A CellChange is one cell, or one pair, in both maps.
type CellChange struct {
	Dependency string           `json:"dependency"`
	Mode       plan.FailureMode `json:"mode"`
	// Other is the fallback of a pair, which fails in OtherMode at the same time.
	Other      string           `json:"other,omitempty"`
	OtherMode  plan.FailureMode `json:"other_mode,omitempty"`
	Status     Status           `json:"status"`
	Reason     string           `json:"reason"`
	ReasonCode ReasonCode       `json:"reason_code"`
	// Base and Head are absent where the map of that side does not have the cell.
	Base *CellSide `json:"base,omitempty"`
	Head *CellSide `json:"head,omitempty"`
}

// A CellSide is a cell in the map of one side.
type CellSide struct {
	Verdict scan.Verdict `json:"verdict"`
	Why     string       `json:"why,omitempty"` // as in the map
	// Share is that of the journey which decides the status; absent where it was not
	// counted.
	Share  *ShareOf `json:"share,omitempty"`
	Broken []string `json:"broken,omitempty"` // invariants
}

// A ShareOf is how many of a kind of journey are harmed beyond the control.
type ShareOf struct {
	Journey  string  `json:"journey"`
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// A BreakingPointChange is the breaking point of one dependency in both maps.
type BreakingPointChange struct {
	Dependency string     `json:"dependency"`
	Status     Status     `json:"status"` // regressed: journeys break at a shorter latency
	Reason     string     `json:"reason"`
	ReasonCode ReasonCode `json:"reason_code"`
	// Base and Head are absent where it was not searched.
	Base *scan.BreakingPoint `json:"base,omitempty"`
	Head *scan.BreakingPoint `json:"head,omitempty"`
}

// A DependencyChange is a dependency that is new or gone, or behaves or is declared
// otherwise.
type DependencyChange struct {
	Name         string `json:"name"`
	Only         string `json:"only,omitempty"` // base or head, where the other does not have it
	BaseDeclared string `json:"base_declared,omitempty"`
	HeadDeclared string `json:"head_declared,omitempty"`
	BaseBehaves  string `json:"base_behaves,omitempty"`
	HeadBehaves  string `json:"head_behaves,omitempty"`
}

// A FindingChange is a finding that one side alone has.
type FindingChange struct {
	Only    string       `json:"only"` // base: it is gone; head: it is new
	Finding scan.Finding `json:"finding"`
	// Known reports whether the other side has answers in the failure modes that show it. If
	// not, it may be there as well.
	Known bool `json:"known"`
}

// The sides of a comparison.
const (
	InBase = "base"
	InHead = "head"
)
