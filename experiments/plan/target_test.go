package plan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// What a run would start is in its plan, in lines that nobody else begins. Such a fault has
// no proxy, also where it is meant for a dependency.
func TestACommandInAPlan(t *testing.T) {
	t.Parallel()
	s, e := documents()
	program := func(args ...any) []any { return append([]any{"/opt/shop/flag.sh"}, args...) }
	e.Faults = []experiments.Fault{{Inject: "command", Into: e.Faults[0].Into, Share: 1, Attributes: injectors.Attributes{
		"do": program("set", "\x1b[2J\nNothing was injected."), "undo": program("clear", "a b"), "check": program("is-set"),
	}}}
	p, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	f := p.Experiments[0].Faults[0]
	if f.Proxy != "" || f.Listen != "" || f.OnProxy() || f.OnFile() || !f.ByCommand() || !p.LeavesProxies() {
		t.Errorf("it is on a proxy: %+v", f)
	}
	if got := f.Target(); !strings.HasPrefix(got, "what flag.sh set ") {
		t.Errorf("Target() = %q", got)
	}
	var b bytes.Buffer
	if err := p.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+ command do flag.sh set ", "\n      undo  /opt/shop/flag.sh clear \"a b\"\n", "\n      check /opt/shop/flag.sh is-set\n", "Reach      what flag.sh set "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "\x1b") || strings.Contains(b.String(), "\nNothing") {
		t.Errorf("%q", b.String())
	}
	if (Fault{Fault: experiments.Fault{Inject: "command"}}).Target() == "" { // of a hostile journal
		t.Error("nothing is its target")
	}
}
