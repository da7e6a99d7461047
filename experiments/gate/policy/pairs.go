package policy

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// A Pair is the two statements of a run with the envelopes they came in.
type Pair struct {
	statement.Pair
	InTestResult, InResilience *signing.Envelope
}

// Same reports whether two pairs say the same, whoever signed them.
func (p *Pair) Same(other *Pair) bool {
	same := func(a, b *signing.Envelope) bool {
		x, err1 := a.Statement()
		y, err2 := b.Statement()
		return err1 == nil && err2 == nil && bytes.Equal(x, y)
	}
	return same(p.InTestResult, other.InTestResult) && same(p.InResilience, other.InResilience)
}

// ReadPairs reads the statements of a file. Each of ours follows the test result that says
// the same. Statements of others are passed over. Errors name the line.
func ReadPairs(file []byte) ([]Pair, error) {
	envelopes, err := signing.Read(file)
	if err != nil {
		return nil, err
	}
	return PairsOf(envelopes)
}

// PairsOf are the statements in envelopes, see [ReadPairs]. The pairs hold these envelopes:
// what signs one signs it in the list.
func PairsOf(envelopes []*signing.Envelope) ([]Pair, error) {
	var list []Pair
	var open *Pair // whose second statement is to come
	for _, e := range envelopes {
		text, err := e.Statement()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", e.Line(), err)
		}
		a, b, err := statement.Decode(text)
		switch {
		case errors.Is(err, statement.ErrOther):
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", e.Line(), err)
		case a != nil && open != nil || b != nil && open == nil:
			return nil, fmt.Errorf("line %d: %w: a test result and what was measured must follow one another", e.Line(), strictjson.ErrMalformed)
		case a != nil:
			open = &Pair{InTestResult: e}
			open.TestResult = *a
		default:
			open.Resilience, open.InResilience = *b, e
			if err := open.Check(); err != nil {
				return nil, fmt.Errorf("line %d: %w", e.Line(), err)
			}
			list = append(list, *open)
			open = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: %w: a test result is the last, and what was measured does not follow", open.InTestResult.Line(), strictjson.ErrMalformed)
	}
	return list, nil
}
