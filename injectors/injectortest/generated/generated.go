// Package generated compares the parts of a page that are made from the code with the code.
//
// Tests alone import it.
package generated

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A Part is what stands on a page between the marks <!-- generated: NAME --> and
// <!-- end of NAME -->.
type Part struct{ Name, Text string }

// Check fails the test where a page does not have the parts as they are here. With update it
// writes them into the page instead.
func Check(t testing.TB, file string, update bool, parts ...Part) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page, err := replace(string(text), parts)
	switch {
	case err != nil:
		t.Fatalf("%s: %v", file, err)
	case page == string(text):
	case !update:
		t.Errorf("%s does not say what the code says: go test -run '^%s$' -update", file, t.Name())
	default:
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func replace(page string, parts []Part) (string, error) {
	for _, part := range parts {
		from, to := "<!-- generated: "+part.Name+" -->\n", "<!-- end of "+part.Name+" -->"
		before, rest, ok := strings.Cut(page, from)
		_, after, closed := strings.Cut(rest, to)
		if !ok || !closed {
			return "", fmt.Errorf("there is no place for %s: the page needs both marks, %s and %s", part.Name, strings.TrimSpace(from), to)
		}
		page = before + from + "\n" + part.Text + to + after
	}
	return page, nil
}

// Cell is a text as a cell of a table shows it.
func Cell(text string) string {
	parts := strings.Split(text, "`")
	for i := range parts {
		if i%2 == 0 { // no code
			parts[i] = strings.NewReplacer("*", `\*`, "<", `\<`).Replace(parts[i])
		}
	}
	return strings.ReplaceAll(strings.Join(parts, "`"), "|", `\|`)
}
