package source

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// A file that is missing is told from one that is wrong, whichever it is; nothing given is
// no journey.
func TestJourneyOfMissingFiles(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	for name, s := range map[string]Source{
		"HAR": {HAR: none}, "Postman": {Postman: none}, "OpenAPI": {OpenAPI: none}, "environment": {Postman: "source.go", Environment: none},
	} {
		_, err := s.Journey(nil)
		if _, ok := errors.AsType[*FileError](err); !ok || !errors.Is(err, fs.ErrNotExist) || !s.Given() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]Source{"HAR": {HAR: "source.go"}, "Postman": {Postman: "source.go"}, "OpenAPI": {OpenAPI: "source.go"}} {
		_, err := s.Journey(nil)
		if _, ok := errors.AsType[*FileError](err); ok || err == nil {
			t.Errorf("Go as %s: %v", name, err)
		}
	}
	missing := Source{ChaosToolkit: none}
	_, err := missing.Experiment(nil)
	if _, ok := errors.AsType[*FileError](err); !ok || !missing.Given() {
		t.Errorf("Chaos Toolkit: %v", err)
	}
	if e, err := (Source{ChaosToolkit: "source.go"}).Experiment(nil); err == nil {
		t.Errorf("Go as Chaos Toolkit: %v", e)
	}
	if e, err := (Source{}).Experiment(nil); e != nil || err != nil {
		t.Errorf("no experiment: %v, %v", e, err)
	}
	if j, err := (Source{}).Journey(nil); j != nil || err != nil || (Source{}).Given() {
		t.Errorf("nothing: %v, %v", j, err)
	}
}
