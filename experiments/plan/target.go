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

// ByCommand reports whether programs of the user cause the fault. No proxy has a part in
// such a fault.
func (f Fault) ByCommand() bool {
	kind, _ := injectors.Lookup(f.Inject)
	return kind.Level == injectors.Command
}

// OnProxy reports whether the fault is on what passes a proxy.
func (f Fault) OnProxy() bool { return !f.OnFile() && !f.ByCommand() }

// File returns the absolute path of the file that the fault is put on.
func (f Fault) File() string {
	name, _ := f.Attributes["file"].(string)
	return absolute(name)
}

// Target names what the fault is put on, such as "proxy payments" or "file
// /srv/settings.json" or "what
// ./flag.sh set changes".
func (f Fault) Target() string {
	switch {
	case f.OnFile():
		return "file " + f.File()
	case f.ByCommand():
		return "what " + f.Attributes.NameProgram("do") + " changes"
	}
	return "proxy " + f.Proxy
}

// LeavesProxies reports whether any fault of the plan is on something else than what
// passes a proxy, so that it does not end with the server of the proxies.
func (p *Plan) LeavesProxies() bool {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if !f.OnProxy() {
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
