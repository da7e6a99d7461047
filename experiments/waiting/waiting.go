// Package waiting runs more tests at a time than there are processors, for rooms
// whose tests mostly wait: for processes, phases and time-outs.
package waiting

import (
	"flag"
	"strconv"
	"testing"
)

// Tests are the tests of a room, as its TestMain gets them.
type Tests struct{ M *testing.M }

// Run runs the tests and returns the exit code of the process. `go test -parallel`
// wins over [AtOnce].
func (t Tests) Run() int {
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue {
		if err := n.Value.Set(strconv.Itoa(AtOnce)); err != nil {
			panic(err)
		}
	}
	return t.M.Run()
}
