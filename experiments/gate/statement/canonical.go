package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// ErrNoCanonical means that a document has no canonical form: two readers could take it
// for two things.
var ErrNoCanonical = errors.New("the document has no canonical form")

// canonical are the bytes of a value in the form of RFC 8785.
func canonical(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(text)
}

// CanonicalDocument is the canonical form of a JSON or YAML document, which its name tells
// (.json, .yaml or .yml), or else what is in it: who calls a document otherwise makes it no other
// one. Documents that differ only in their layout, in the order of names
// or in comments have the same.
func CanonicalDocument(name string, content []byte) ([]byte, error) {
	if len(content) > MostBytes {
		return nil, fmt.Errorf("%w: it has more than %d MB", ErrNoCanonical, MostBytes>>20)
	}
	var text []byte
	var err error
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		text, err = content, checkDocument(content)
	case ".yaml", ".yml":
		text, err = yamlToJSON(content)
	default:
		if text, err = content, checkDocument(content); err != nil {
			text, err = yamlToJSON(content)
		}
	}
	if err == nil {
		text, err = jcs.Transform(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCanonical, err)
	}
	return text, nil
}

// checkDocument refuses a JSON text whose canonical form is that of another document as
// well.
func checkDocument(text []byte) error {
	if err := strictjson.Check(text); err != nil {
		return err
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	for {
		t, err := tokens.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n, ok := t.(json.Number); ok {
			if err := checkNumber(n.String()); err != nil {
				return err
			}
		}
	}
}

// Canonical numbers are those of IEEE 754: others would become their neighbours.
const (
	mostInteger = 1 << 53
	mostDigits  = 15     // of any number with so many, the double is its own
	leastNumber = 1e-300 // below, doubles have fewer digits
)

// checkNumber refuses a number that is not exact in the canonical form.
func checkNumber(text string) error {
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.Trim(strings.Replace(strings.TrimLeft(mantissa, "-"), ".", "", 1), "0")
	if len(digits) <= mostDigits {
		if f, err := strconv.ParseFloat(text, 64); err == nil && (math.Abs(f) > leastNumber || digits == "") {
			return nil
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && -mostInteger <= n && n <= mostInteger {
		return nil
	}
	return fmt.Errorf("the number %.40s has more digits than JSON readers agree on", text)
}
