package redis

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

// The errors whose texts are known here are those that the catalogue tells of, and it
// finds each right.
func TestTheCatalogueTellsOfEveryError(t *testing.T) {
	t.Parallel()
	kind, _ := injectors.Lookup("redis_error")
	attribute, _ := kind.Attribute("error")
	for word := range refusals() {
		if !strings.Contains(attribute.Doc, word) {
			t.Errorf("the catalogue does not tell of %s", word)
		}
		if err := kind.Check(injectors.Attributes{attribute.Name: word}); err != nil {
			t.Errorf("%s: %v", word, err)
		}
	}
}
