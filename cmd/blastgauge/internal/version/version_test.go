package version

import (
	"strings"
	"testing"
)

// A build that is no release says so, and every build says something.
func TestCurrent(t *testing.T) {
	t.Parallel()
	if v := Current(); v == "" || strings.ContainsAny(v, " \n()") {
		t.Errorf("the version is %q: want one word", v)
	}
}
