package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// WriteText writes what was found for p, for people. After an error of [Inspect] it
// writes what was found before.
func (found Inspection) WriteText(w io.Writer, p *plan.Plan) error {
	var b bytes.Buffer
	for _, c := range found.Files {
		fmt.Fprintf(&b, "  File       %s: %s\n", inert.Text(c.File), inert.Text(c.What))
	}
	if len(found.Files) > 0 && found.FilesFit {
		b.WriteString("             bytes, mode and owner are kept in the run's directory first; a killed run's files are put back by its guard process, those of a dead machine by the next recover\n")
	}
	for _, f := range found.Commands {
		fmt.Fprintf(&b, "  Command    %s\n             taken back by %s, each in %s\n", inert.Text(injectors.DescribeProgram(f.Attributes.Program("do"))),
			inert.Text(injectors.DescribeProgram(f.Attributes.Program("undo"))), inert.Text(f.Attributes.Text("dir")))
	}
	if len(found.Commands) > 0 && found.CommandsFit {
		b.WriteString("             a run asks check before anything; what it left is taken back by its guard process if it is killed, and by the next recover if the machine dies\n")
	}
	found.writeServers(&b, p)
	if found.Toxiproxy.Kind != "" && found.Servers == nil {
		fmt.Fprintf(&b, "  Toxiproxy  %s %s at %s: %s\n", found.Toxiproxy.Kind, inert.Text(found.Toxiproxy.Version), p.System.Toxiproxy, describeProtection(found.Toxiproxy.Kind, p))
	}
	if found.Blocked != nil {
		fmt.Fprintf(&b, "  ! Blocked  %s\n             a run would be refused\n", inert.Text(found.Blocked.Error()))
	}
	switch {
	case found.Embedded:
		b.WriteString("  Toxiproxy  embedded: its proxies exist only while blastgauge runs\n")
	case found.Unreachable != nil:
		fmt.Fprintf(&b, "  Toxiproxy  %s is not reached: a run needs it\n  Checks     none was made: %v\n\nNothing was injected.\n", strings.Join(p.System.Toxiproxies(), ", "), found.Unreachable)
	case found.ProxiesFit:
		b.WriteString("  Checks     every proxy is there, enabled, leads where it should and carries no toxic\n\nNothing was injected.\n")
	}
	_, err := io.WriteString(w, inert.Lines(b.String()))
	return err
}

// writeServers writes which Toxiproxies there are, and on which of them faults would be put.
func (found Inspection) writeServers(b *bytes.Buffer, p *plan.Plan) {
	kinds := map[string]bool{}
	for _, s := range found.Servers {
		kinds[s.Kind] = true
		fmt.Fprintf(b, "  Toxiproxy  %s %s at %s\n", s.Kind, inert.Text(s.Version), s.URL)
	}
	if len(found.Servers) > 0 {
		fmt.Fprintf(b, "             %s\n", describeProtection(found.Toxiproxy.Kind, p))
	}
	if len(kinds) > 1 {
		b.WriteString("             ! they are of two kinds: what a stock Toxiproxy cannot do or prove is not done or proven on any\n")
	}
	for _, f := range found.On {
		fmt.Fprintf(b, "  Instances  %s: on %d: %s\n", inert.Text(f.Describe()), len(f.On), strings.Join(f.On, ", "))
	}
}

// describeProtection says what a Toxiproxy can prove of a plan's faults, and who
// removes them if the run cannot.
func describeProtection(kind string, p *plan.Plan) string {
	if kind != toxiproxy.KindStock {
		return "it counts what a fault meets; faults of a killed run are removed by its guard process, those of a dead machine when their lease lapses"
	}
	return describeUncounted(p) + "; faults of a killed run are removed by its guard process, those of a dead machine by the next recover"
}

// describeUncounted says which hypotheses cannot be held on a server that does not count
// what a fault meets. This machine counts the readers of a file itself, so a fault on a
// file can be held on any server.
func describeUncounted(p *plan.Plan) string {
	var ids []string
	for _, e := range p.Experiments {
		if slices.ContainsFunc(e.Faults, func(f plan.Fault) bool { return !f.OnFile() }) {
			ids = append(ids, e.ID)
		}
	}
	switch {
	case p.Scan != nil:
		return "it does not count what a fault meets, and does not know single requests: a scan tries fewer failure modes, and cannot say whom nobody calls"
	case len(ids) == 0:
		return "it does not count what a fault meets, which matters to no experiment here: who reads a file is counted by this machine"
	case len(ids) == len(p.Experiments):
		return "it does not count what a fault meets, so no hypothesis can be held, only refuted or inconclusive"
	}
	return fmt.Sprintf("it does not count what a fault meets, so %s cannot be held, only refuted or inconclusive; who reads a file is counted by this machine", strings.Join(ids, ", "))
}

// Locate returns a copy of a plan whose faults say where their proxies listen and lead, where
// the documents do not: their Toxiproxy is asked. Of the options it uses the token and the
// environment.
func Locate(ctx context.Context, p *plan.Plan, o Options) (*plan.Plan, error) {
	all, err := NewFleet(&p.System, o)
	if err != nil {
		return nil, err
	}
	all.NeedOnly(p)
	if _, err := all.Identify(ctx); err != nil {
		return nil, err
	}
	return all.Fill(ctx, p)
}
