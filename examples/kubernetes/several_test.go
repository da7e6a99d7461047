package kubernetes

import (
	"bytes"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
)

// The system file names several proxy servers of one dependency, by dns://, and blastgauge
// knows one server of all dependencies alone. Until it knows more, what stands between the
// two is here.

// understood is a document as blastgauge takes it: the name stands for one server.
func understood(text []byte) []byte {
	const several = "\n    toxiproxy: dns://"
	before, after, found := bytes.Cut(text, []byte(several))
	if !found {
		return text
	}
	address, rest, _ := bytes.Cut(after, []byte("\n"))
	return slices.Concat(before, []byte("\n"), rest, []byte("toxiproxy: http://"), address, []byte("\n"))
}

// proxiesOf is where the system file says that the proxies of its dependencies are.
func proxiesOf(system *experiments.System) string { return system.Toxiproxy }
