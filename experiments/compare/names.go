package compare

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// Names are what sentences call the two sides.
type Names struct {
	Base string `json:"base"`
	Head string `json:"head"`
}

// StandardNames are the names of sides that nobody has named.
func StandardNames() Names { return Names{"base", "head"} }

// mostName is how many characters the name of a side may have: it heads columns.
const mostName = 30

// NewNames names the sides; an empty name leaves the standard one. The error says what is
// wrong with a name.
func NewNames(base, head string) (Names, error) {
	n := StandardNames()
	for _, side := range []struct {
		to   *string
		name string
	}{{&n.Base, base}, {&n.Head, head}} {
		name := strings.TrimSpace(side.name)
		switch {
		case side.name == "":
			continue
		case name == "" || utf8.RuneCountInString(name) > mostName:
			return n, fmt.Errorf("%q: a name of 1 to %d characters is needed", side.name, mostName)
		case inert.Text(name) != name:
			return n, fmt.Errorf("%q: control characters, line breaks and invisible characters are not allowed", side.name)
		}
		*side.to = name
	}
	if n.Base == n.Head {
		return n, fmt.Errorf("both sides are called %q: two names are needed", n.Base)
	}
	return n, nil
}

// of is the name of a side, by its number.
func (n Names) of(side int) string { return [...]string{n.Base, n.Head}[side] }

// namesOf are the names of two sides. The first run of a side says what it is called.
func namesOf(base, head []Input) Names {
	n := StandardNames()
	if len(base) > 0 && base[0].Side != "" {
		n.Base = base[0].Side
	}
	if len(head) > 0 && head[0].Side != "" {
		n.Head = head[0].Side
	}
	return n
}

// Called are the names of the sides.
func (c *Comparison) Called() Names {
	if c.Names == nil {
		return StandardNames()
	}
	return *c.Names
}

// given is nil where nobody has named the sides.
func (n Names) given() *Names {
	if n == StandardNames() {
		return nil
	}
	return &n
}
