package plan

import (
	"path/filepath"

	"github.com/blastgauge/blastgauge/injectors"
)

// OnFile reports whether the fault is on a file of this machine. No proxy has a
// part in such a fault.
func (f Fault) OnFile() bool {
	kind, _ := injectors.Lookup(f.Inject)
	return kind.Level == injectors.File
}

// File returns the absolute path of the file that the fault is put on.
func (f Fault) File() string {
	name, _ := f.Attributes["file"].(string)
	return absolute(name)
}

// Target names what the fault is put on, such as "proxy payments" or "file
// /srv/settings.json".
func (f Fault) Target() string {
	if f.OnFile() {
		return "file " + f.File()
	}
	return "proxy " + f.Proxy
}

// UsesFiles reports whether any fault of the plan is on a file of this machine.
func (p *Plan) UsesFiles() bool {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.OnFile() {
				return true
			}
		}
	}
	return false
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
