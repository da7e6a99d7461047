package experiments

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A scalar is a single value, written as text and parsed.
type scalar[T any] struct {
	to    *T
	want  string // such as "a duration such as 250ms"
	loose bool   // numbers and booleans are read as the text they are written as
	parse func(text string) (T, *complaint)
	json  object
}

func (s scalar[T]) read(d *decoder, n *yaml.Node, _ string) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || !d.plainTag(n) {
		d.wrongKind(n, s.want+" is needed here")
		return
	}
	v, c := s.parse(n.Value)
	if c == nil && !s.loose && !isText(n) {
		c = &complaint{msg: s.want + " is needed here, not a number or a boolean", hint: "write " + strconv.Quote(n.Value)}
	}
	if c != nil {
		d.fail(n, *c)
		return
	}
	*s.to = v
}

func (s scalar[T]) schema() object {
	copied := object{}
	for k, v := range s.json {
		copied[k] = v
	}
	return copied
}

func isText(n *yaml.Node) bool {
	return n.Tag == "!!str" || n.Tag == "!!timestamp" || n.Tag == "!!binary"
}

func ofType(kinds ...string) object {
	if len(kinds) == 1 {
		return object{"type": kinds[0]}
	}
	return object{"type": kinds}
}

func pattern(p string, examples ...string) object {
	s := object{"type": "string", "pattern": p}
	if len(examples) > 0 {
		s["examples"] = examples
	}
	return s
}

// Text is any text that is not blank.
func text(to *string) shape {
	return scalar[string]{to: to, want: "a text", json: pattern(`\S`), parse: notBlank}
}

func notBlank(s string) (string, *complaint) {
	if strings.TrimSpace(s) == "" {
		return "", &complaint{msg: "this text must not be empty"}
	}
	return s, nil
}

// Enum is one of the given words.
func enum[T ~string](to *T, what string, words ...T) shape {
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	return scalar[T]{to: to, want: what, json: object{"enum": known}, parse: func(s string) (T, *complaint) {
		if !slices.Contains(known, s) {
			return "", &complaint{msg: "unknown " + strings.TrimPrefix(what, "a ") + " " + strconv.Quote(s), near: s, among: known}
		}
		return T(s), nil
	}}
}

const idPattern = `^[a-z0-9][a-z0-9-]{0,62}$`

var (
	idForm  = regexp.MustCompile(idPattern)
	notInID = regexp.MustCompile(`[^a-z0-9]+`)
)

// ids are names that appear in reports, file names and toxics.
func ids() name {
	return name{what: "an id", pattern: idPattern, check: func(s string) *complaint {
		if idForm.MatchString(s) {
			return nil
		}
		c := &complaint{msg: "an id is lower-case letters, digits and -, at most 63, and starts with a letter or digit"}
		if better := slug(s); idForm.MatchString(better) {
			c.hint = "write " + better
		}
		return c
	}}
}

// slug is the id nearest to a text.
func slug(s string) string {
	s = notInID.ReplaceAllString(strings.ToLower(s), "-")
	return strings.Trim(s[:min(len(s), 63)], "-")
}

func id(to *string) shape {
	ids := ids()
	return scalar[string]{to: to, want: "an id", json: pattern(idPattern), parse: func(s string) (string, *complaint) {
		return s, ids.check(s)
	}}
}

func duration(to *time.Duration) shape {
	return scalar[time.Duration]{to: to, want: "a duration such as 250ms", loose: true, parse: parseDuration,
		json: pattern(durationPattern, "250ms", "2s", "1m30s")}
}

func share(to *float64) shape {
	return scalar[float64]{to: to, want: "a share such as 5%", loose: true, parse: parseShare, json: pattern(sharePattern, "5%")}
}

func rate(to *float64) shape {
	return scalar[float64]{to: to, want: "a rate such as 40/s", loose: true, parse: parseRate, json: pattern(ratePattern, "40/s", "90/min")}
}

// over is a shape of a quantity that must not be zero.
func over[T float64 | time.Duration](of func(*T) shape, zero string) func(*T) shape {
	return func(to *T) shape {
		return ruled{shape: of(to), rule: func(d *decoder, n *yaml.Node, _ string) {
			if *to <= 0 {
				d.fail(n, complaint{msg: "this must be more than " + zero})
			}
		}}
	}
}

// version is the version of the language, which is 1.
func version(to *int) shape {
	return ruled{
		shape: scalar[int]{to: to, want: "1", loose: true, json: object{"const": 1}, parse: func(s string) (int, *complaint) {
			if s != "1" {
				return 0, &complaint{msg: "this blastgauge reads version 1 of the language, not " + strconv.Quote(s), hint: "write 1"}
			}
			return 1, nil
		}},
		rule: func(d *decoder, n *yaml.Node, _ string) {
			if n.Tag != "!!int" {
				d.fail(n, complaint{msg: "the version is a number", hint: "write 1"})
			}
		},
	}
}
