package injectors

import (
	"fmt"
	"regexp"
	"strconv"
)

// FaultName returns the name of the n-th fault of a run, such as
// "blastgauge.20261128t150405z-ab12.1". The name alone tells, without a journal,
// that a toxic is blastgauge's and which run it belongs to.
func FaultName(run string, n int) string { return fmt.Sprintf("blastgauge.%s.%d", run, n) }

var faultName = regexp.MustCompile(`^blastgauge\.([a-z0-9][a-z0-9-]*)\.([0-9]+)$`)

// ParseFaultName reads a name that [FaultName] made. It reports false for every
// other name: that fault is not blastgauge's.
func ParseFaultName(name string) (run string, n int, ok bool) {
	m := faultName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	n, _ = strconv.Atoi(m[2]) // digits only; a number beyond an int comes out as the largest one
	return m[1], n, true
}
