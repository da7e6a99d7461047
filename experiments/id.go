package experiments

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

const idPattern = `^[a-z0-9][a-z0-9-]{0,62}$`

var (
	idForm  = lazyregexp.New(idPattern)
	notInID = lazyregexp.New(`[^a-z0-9]+`)
)

// ids are names that appear in reports, file names and toxics.
func ids() shape.Names {
	return shape.Names{Pattern: idPattern, Check: func(s string) *shape.Diagnostic {
		if idForm.MatchString(s) {
			return nil
		}
		wrong := &shape.Diagnostic{Msg: "an id is lower-case letters, digits and -, at most 63, and starts with a letter or digit"}
		if better := Slug(s); idForm.MatchString(better) && !redact.HasLogin(s) {
			wrong.Hint = "write " + better
		}
		return wrong
	}}
}

// Slug returns the id nearest to a text. It is empty if the text has no letter or
// digit.
func Slug(s string) string {
	s = notInID.ReplaceAllString(strings.ToLower(s), "-")
	return strings.Trim(s[:min(len(s), 63)], "-")
}

// id is such a name as a value.
func id(to *string) shape.Shape {
	ids := ids()
	return shape.Scalar[string]{To: to, Want: "an id", JSON: shape.Pattern(idPattern), Parse: func(s string) (string, *shape.Diagnostic) {
		return s, ids.Check(s)
	}}
}

// CheckID returns what is wrong with an id, and nil if nothing is. The ids of results
// and journals are checked by it as those of documents are: they stand in reports, in
// addresses on pages, and in commands to copy.
func CheckID(id string) error {
	if wrong := ids().Check(id); wrong != nil {
		return fmt.Errorf("%.80q is no id: %s", id, wrong.Msg)
	}
	return nil
}
