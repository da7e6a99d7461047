package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// An answer is the value of a query.
type answer struct {
	kind     string     // resultType
	scalar   float64    // of a scalar
	matrix   []labelled // of a matrix
	warnings []string
}

// The kinds of answers that are read. Any other one is known by its name alone.
const (
	scalar = "scalar"
	vector = "vector"
	matrix = "matrix"
)

// An envelope is what every answer is in.
type envelope struct {
	status, errorType, message string
	warnings                   []string
	data                       json.RawMessage // nil: none
}

func decodeEnvelope(body []byte) (e envelope, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	err = members(d, func(name string) (err error) {
		switch name {
		case "status":
			e.status, err = text(d)
		case "errorType":
			e.errorType, err = text(d)
		case "error":
			e.message, err = text(d)
		case "warnings":
			err = elements(d, func() error {
				warning, err := text(d)
				e.warnings = append(e.warnings, warning)
				return err
			})
		case "data":
			err = d.Decode(&e.data)
		default:
			err = skip(d)
		}
		return err
	})
	if err != nil {
		return envelope{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return envelope{}, errors.New("more text after the answer")
	}
	return e, nil
}

// decodeData returns the value of a query. How its result is to be read is known from its
// type, which may come later.
func decodeData(data json.RawMessage) (a answer, err error) {
	if data == nil {
		return answer{}, errors.New("an answer without data")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var result json.RawMessage
	err = members(d, func(name string) (err error) {
		switch name {
		case "resultType":
			a.kind, err = text(d)
		case "result":
			err = d.Decode(&result)
		default:
			err = skip(d)
		}
		return err
	})
	switch {
	case err != nil:
		return answer{}, err
	case result == nil, string(result) == "null":
		return answer{}, errors.New("an answer without a result")
	}
	switch a.kind {
	case scalar:
		var s sample
		s, err = decodeSample(result)
		a.scalar = s.value
	case matrix:
		a.matrix, err = decodeMatrix(result)
	case vector: // nothing is asked that it answers
	default:
		err = fmt.Errorf("unexpected value type %.40q", a.kind)
	}
	if err != nil {
		return answer{}, err
	}
	return a, nil
}

func decodeMatrix(result json.RawMessage) (list []labelled, err error) {
	d := json.NewDecoder(bytes.NewReader(result))
	err = elements(d, func() error {
		s, err := decodeSeries(d)
		list = append(list, s)
		return err
	})
	return list, err
}

// decodeSeries reads a series. One of native histograms alone has a name and no samples: no
// count of journeys can be read of it, which a look before the run finds. What has another
// name is nothing that may be passed over: it could be samples of a kind that is new.
func decodeSeries(d *json.Decoder) (s labelled, err error) {
	err = members(d, func(name string) (err error) {
		switch name {
		case "metric":
			s.labels = map[string]string{}
			err = members(d, func(label string) (err error) {
				s.labels[label], err = text(d)
				return err
			})
		case "values":
			err = elements(d, func() error {
				pair := json.RawMessage{}
				if err := d.Decode(&pair); err != nil {
					return err
				}
				p, err := decodeSample(pair)
				s.samples = append(s.samples, p)
				return err
			})
		case "histograms":
			err = elements(d, func() error { return skip(d) })
		default:
			err = errors.New("no such part of a series is known")
		}
		return err
	})
	switch {
	case err != nil:
		return labelled{}, err
	case s.labels == nil:
		return labelled{}, errors.New("a series without a metric")
	}
	s.name = nameOf(s.labels)
	return s, nil
}

// nameLabel is the label that holds the name of a metric.
const nameLabel = "__name__"

// nameOf is how Prometheus writes the name of a series.
func nameOf(labels map[string]string) string {
	name, named := labels[nameLabel]
	list := make([]string, 0, len(labels))
	for label, value := range labels {
		if label != nameLabel {
			list = append(list, label+"="+strconv.Quote(value))
		}
	}
	if len(list) == 0 && named {
		return name
	}
	slices.Sort(list)
	return name + "{" + strings.Join(list, ", ") + "}"
}

// decodeSample reads a sample: [seconds, "value"].
func decodeSample(pair json.RawMessage) (s sample, err error) {
	inner, isList := bytes.CutPrefix(bytes.TrimSpace(pair), []byte("["))
	inner, ends := bytes.CutSuffix(inner, []byte("]"))
	at, value, two := bytes.Cut(inner, []byte(","))
	if !isList || !ends || !two {
		return s, fmt.Errorf("a sample is [seconds, \"value\"], and not %.60q", pair)
	}
	if s.at, err = milliseconds(string(bytes.TrimSpace(at))); err != nil {
		return s, err
	}
	s.value, err = number(bytes.TrimSpace(value))
	return s, err
}

// farthest bounds moments, in seconds on either side of 1970: milliseconds between two of them
// are a number still.
const farthest = 1_000_000_000_000

// milliseconds reads a moment in seconds, which has three decimals at the most. It is not
// read as a float, so that it is never one millisecond off.
func milliseconds(moment string) (int64, error) {
	whole, fraction, _ := strings.Cut(moment, ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s < -farthest || s > farthest || strings.Trim(fraction, "0123456789") != "" {
		return 0, fmt.Errorf("the time of a sample is no number of seconds: %.40q", moment)
	}
	ms, err := strconv.ParseInt((fraction + "000")[:3], 10, 64)
	if strings.HasPrefix(whole, "-") {
		ms = -ms
	}
	return s*1000 + ms, err
}

// number reads the value of a sample: a number in a JSON text, as JSON knows no NaN.
func number(quoted []byte) (float64, error) {
	var text string
	if bytes.IndexByte(quoted, '\\') >= 0 {
		if err := json.Unmarshal(quoted, &text); err != nil {
			return 0, fmt.Errorf("the value of a sample is no text: %.40q", quoted)
		}
	} else if n := len(quoted); n >= 2 && quoted[0] == '"' && quoted[n-1] == '"' {
		text = string(quoted[1 : n-1])
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN(), fmt.Errorf("the value of a sample is no number in quotes: %.40q", quoted)
	}
	return value, nil
}

// members reads an object and calls visit for each of its members, which reads the value. A
// name that comes twice is refused: nobody knows which of the two is meant.
func members(d *json.Decoder, visit func(name string) error) error {
	t, err := d.Token()
	if err == nil && t != json.Delim('{') {
		err = unexpected("an object", t)
	}
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := text(d)
		if err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("%.60q is there twice", name)
		}
		seen[name] = true
		if err := visit(name); err != nil {
			return fmt.Errorf("%.60q: %w", name, err)
		}
	}
	_, err = d.Token()
	return err
}

// elements reads a list and calls visit for each of its elements, which reads it. null is a
// list of none, as Go writes it.
func elements(d *json.Decoder, visit func() error) error {
	t, err := d.Token()
	switch {
	case err != nil:
		return err
	case t == nil:
		return nil
	case t != json.Delim('['):
		return unexpected("a list", t)
	}
	for d.More() {
		if err := visit(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// text reads a text.
func text(d *json.Decoder) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", unexpected("a text", t)
	}
	return s, nil
}

// unexpected is the error of a token where another one belongs.
func unexpected(want string, t json.Token) error {
	if t == nil {
		t = "null"
	}
	return fmt.Errorf("%s was expected, and not %.60q", want, fmt.Sprint(t))
}

// skip reads a value that nobody needs.
func skip(d *json.Decoder) error {
	var value json.RawMessage
	return d.Decode(&value)
}
