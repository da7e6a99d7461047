package policy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

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

// SignedBy are the ids of the trusted keys that signed both statements.
func (p *Pair) SignedBy(trusted []signing.PublicKey) []string {
	by, _ := p.verify(trusted)
	return by
}

// verify is that, and how many signatures say that they are of a trusted key and are not.
func (p *Pair) verify(trusted []signing.PublicKey) (by []string, bad int) {
	a, b := p.InTestResult.Verify(trusted), p.InResilience.Verify(trusted)
	for _, id := range b.By {
		if slices.Contains(a.By, id) {
			by = append(by, id)
		}
	}
	return by, a.Bad + b.Bad
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
