package badconfig_test

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// What the documents' language knows of operators is what there is: the same
// operators, with the same parameters, words and bounds.
func TestTheCatalogueKnowsEveryOperator(t *testing.T) {
	kind, _ := injectors.Lookup("http_config")
	for _, o := range badconfig.Operators() {
		known, ok := kind.Attribute(o.Name)
		if !ok || known.Unit != injectors.Operation {
			t.Errorf("http_config has no operator %s", o.Name)
			continue
		}
		sameParameters(t, o.Name, o.Parameters, known.Fields)
	}
	for _, a := range kind.Attributes {
		if a.Unit == injectors.Operation && !slices.Contains(badconfig.Names(), a.Name) {
			t.Errorf("there is no operator %s", a.Name)
		}
	}
}

func sameParameters(t *testing.T, operator string, are []badconfig.Parameter, known []injectors.Attribute) {
	t.Helper()
	units := map[badconfig.Unit]injectors.Unit{
		badconfig.Path: injectors.Path, badconfig.Share: injectors.Share, badconfig.Number: injectors.Factor, badconfig.Count: injectors.Count,
		badconfig.Word: injectors.Word, badconfig.Value: injectors.Value, badconfig.Values: injectors.Values, badconfig.Paths: injectors.Paths,
		badconfig.Inner: injectors.Inner, badconfig.String: injectors.Text,
	}
	if len(are) != len(known) {
		t.Errorf("%s has %d parameters, the catalogue knows %d", operator, len(are), len(known))
	}
	for _, p := range are {
		i := slices.IndexFunc(known, func(a injectors.Attribute) bool { return a.Name == p.Name })
		if i < 0 {
			t.Errorf("the catalogue does not know %s of %s", p.Name, operator)
			continue
		}
		k, unit := known[i], units[p.Unit]
		if p.Name == injectors.FileAttribute(operator) {
			unit = injectors.Document
		}
		if k.Unit != unit || k.Wire != p.Name || !slices.Equal(k.Words, p.Words) || unit == injectors.Count && (k.Min != p.Min || k.Max != p.Max) {
			t.Errorf("%s of %s is %+v, the catalogue says %+v", p.Name, operator, p, k)
		}
	}
}

// Every operator with parameters that the catalogue finds right is one.
func TestWhatTheCatalogueSendsIsRead(t *testing.T) {
	kind, _ := injectors.Lookup("http_config")
	for _, attributes := range []injectors.Attributes{
		{"scale": map[string]any{"path": "/a", "by": "1/60"}},
		{"truncate": map[string]any{"bytes": 10.0, "at": "line"}},
		{"extreme": map[string]any{"path": "/a", "to": -1.0}},
		{"split": map[string]any{"share": 0.125, "with": map[string]any{"flip": map[string]any{"path": "/a", "to": nil}}}},
		{"unpair": map[string]any{"set": map[string]any{"/a": 1.0}}},
		{"unpair": map[string]any{"swap": []any{"/a", "/b"}}},
		{"expire": map[string]any{"days": -3.0}},
		{"candidate": map[string]any{"file": "next.json", "body": "{}"}},
	} {
		if _, problem := kind.Check(attributes); problem != "" && problem != "file and body say the same: give one of them" {
			t.Errorf("%v: %s", attributes, problem)
		}
		operator, parameters, err := badconfig.Select(kind.OnWire(attributes))
		if err == nil {
			_, err = badconfig.Parse(operator, parameters)
		}
		if err != nil {
			t.Errorf("%v: %v", attributes, err)
		}
	}
}
