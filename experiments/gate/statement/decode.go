package statement

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// ErrNotCanonical means that bytes are not the canonical form of what they say.
var ErrNotCanonical = errors.New("the statement is not in its canonical form")

// ErrOther means that something is a statement, and neither of ours.
var ErrOther = errors.New("a statement of another type")

// Decode reads the bytes of a statement. Exactly one of the two is not nil, or the error
// is: of class [strictjson.ErrMalformed], [strictjson.ErrDuplicateName] or
// [strictjson.ErrUnknownField], [ErrNotCanonical] or [ErrOther].
func Decode(text []byte) (*Statement[TestResult], *Statement[Resilience], error) {
	if len(text) > MostBytes {
		return nil, nil, fmt.Errorf("%w: more than %d MB", strictjson.ErrMalformed, MostBytes>>20)
	}
	var head struct {
		Type          string `json:"_type"`
		Subject       any    `json:"subject"` // those of others have other digests
		PredicateType string `json:"predicateType"`
		Predicate     any    `json:"predicate"`
	}
	if err := strictjson.Decode(text, &head); err != nil {
		return nil, nil, err
	}
	if head.Type != Type {
		return nil, nil, fmt.Errorf("%w: its type is %.80q, want %q", strictjson.ErrMalformed, head.Type, Type)
	}
	switch head.PredicateType {
	case TestResultType:
		s, err := decode(text, checkTestResult)
		return s, nil, err
	case ResilienceType:
		s, err := decode(text, checkResilience)
		return nil, s, err
	}
	return nil, nil, fmt.Errorf("%w: %.80q", ErrOther, head.PredicateType)
}

func decode[P any](text []byte, check func(*Statement[P]) error) (*Statement[P], error) {
	var s Statement[P]
	if err := strictjson.Decode(text, &s); err != nil {
		return nil, err
	}
	// What is written anew must be the same bytes: fields that are empty, or null, say
	// nothing, and numbers and times can be written in several ways.
	form, err := jcs.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", strictjson.ErrMalformed, err)
	}
	if !bytes.Equal(form, text) {
		return nil, ErrNotCanonical
	}
	if err := check(&s); err != nil {
		return nil, err
	}
	again, err := canonical(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", strictjson.ErrMalformed, err)
	}
	if !bytes.Equal(again, text) {
		return nil, ErrNotCanonical
	}
	return &s, nil
}
