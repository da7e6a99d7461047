package incidents

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	library "github.com/blastgauge/blastgauge/examples/incidents"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// Schema is the value of the field "schema" of lists of incidents.
const Schema = "blastgauge/incidents/v1"

// Formats are the names of the formats of incidents, sorted.
func Formats() []string { return []string{"json", "text"} }

// A Format writes incidents.
type Format func(io.Writer, []library.Incident) error

// FormatFor returns the format of that name; text is how their text is written. The error is
// a [report.UnknownFormatError].
func FormatFor(name string, text Format) (Format, error) {
	switch name {
	case "json":
		return writeJSON, nil
	case "text":
		return text, nil
	}
	return nil, &report.UnknownFormatError{Kind: "incident format", Name: name, Known: Formats()}
}

func writeJSON(w io.Writer, list []library.Incident) error {
	return encode.WriteJSON(w, struct {
		Schema    string             `json:"schema"`
		Known     []library.Source   `json:"known"`
		Incidents []library.Incident `json:"incidents"`
	}{Schema, library.AllKnown(), list})
}

// WriteList writes a line for each incident, for people.
func WriteList(w io.Writer, list []library.Incident) error {
	var rows bytes.Buffer
	rows.WriteString("INCIDENT\tWHOSE\tWHAT WENT WRONG\tROLES\n")
	for _, i := range list {
		var roles []string
		for _, r := range i.Roles {
			roles = append(roles, r.Name)
		}
		fmt.Fprintf(&rows, "%s\t%s\t%s\t%s\n", i.ID, i.Company, i.Title, strings.Join(roles, ", "))
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := rows.WriteTo(tw); err != nil {
		return err
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s; more of one: blastgauge incidents show ID\n", figures.Plural(len(list), "incident", "incidents"))
	return err
}

// WriteDocument writes the experiment of an incident alone.
func WriteDocument(w io.Writer, list []library.Incident) error {
	_, err := io.WriteString(w, inert.Lines(list[0].Experiment))
	return err
}

// WriteText returns what writes all that is known of an incident, for people, in so many columns.
func WriteText(columns int) Format {
	return func(w io.Writer, list []library.Incident) error {
		p := page{columns: min(columns, widest)}
		p.write(list[0])
		_, err := p.out.WriteTo(w)
		return err
	}
}

// widest is how many columns prose takes at most.
const widest = 100

// A page is what is known of an incident, in lines.
type page struct {
	out     bytes.Buffer
	columns int
}

func (p *page) heading(text string) { fmt.Fprintf(&p.out, "\n%s\n", text) }

// item writes a text behind a lead, and indents its other lines as far.
func (p *page) item(lead, text string) {
	for _, line := range terminal.Lines(text, max(p.columns-len(lead), 20)) {
		fmt.Fprintf(&p.out, "%s%s\n", lead, line)
		lead = strings.Repeat(" ", len(lead))
	}
}

func (p *page) items(title string, list []string) {
	if len(list) == 0 {
		return
	}
	p.heading(title)
	for _, text := range list {
		p.item("  - ", text)
	}
}

func (p *page) write(i library.Incident) {
	fmt.Fprintf(&p.out, "%s: %s\n%s, %s\n", i.ID, i.Title, i.Company, i.When)
	p.writeFacts(i)
	p.heading("How it is re-enacted")
	p.item("  ", i.Reenacted)
	p.items("What that has in common with it", i.Keeps)
	p.items("What it leaves out", i.LeavesOut)
	p.heading("What a good system does")
	p.item("  ", i.Good)
	p.writeRoles(i)
	p.writeDemo(i)
	p.heading("The experiment, with ${ROLE} for each role")
	for line := range strings.Lines(i.Experiment) {
		p.out.WriteString("  " + line)
	}
	p.heading("Run it")
	var bind strings.Builder
	for _, r := range i.Roles {
		name := "DEPENDENCY"
		if r.Place {
			name = "/path"
		}
		bind.WriteString(flagOf(r.Name, name))
	}
	fmt.Fprintf(&p.out, "  blastgauge incidents run %s%s\n  blastgauge incidents show %[1]s%[2]s > experiments/%[1]s.yaml\n", i.ID, bind.String())
}

// flagOf is the flag that lets somebody take a role, behind a blank.
func flagOf(role, name string) string { return " --bind " + role + "=" + name }

func (p *page) writeFacts(i library.Incident) {
	p.heading("What happened, and how that is known")
	used := map[library.Known]bool{}
	for _, c := range i.Happened {
		used[c.Known] = true
		p.item("  - ", c.Claim+" ["+string(c.Known)+"]")
	}
	p.items("Not certain", i.Contested)
	p.heading("Sources")
	for _, s := range i.Sources {
		used[s.Known] = true
		p.item("  - ", s.Name+" ["+string(s.Known)+"]")
		if s.URL != "" {
			fmt.Fprintf(&p.out, "    %s\n", s.URL)
		}
	}
	for _, k := range library.AllKnown() {
		if used[k.Known] {
			p.item(fmt.Sprintf("  %-14s", "["+string(k.Known)+"]"), k.Name)
		}
	}
}

func (p *page) writeRoles(i library.Incident) {
	p.heading("Roles")
	for _, r := range i.Roles {
		text := r.What
		switch {
		case r.Place:
			text += "; a JSON Pointer or a JSONPath. Unbound, the seed of the run chooses"
		case len(r.Schemes) > 0:
			text += "; speaks " + figures.List(r.Schemes, "or")
		}
		p.item(fmt.Sprintf("  %-10s ", r.Name), text)
	}
}

func (p *page) writeDemo(i library.Incident) {
	var bind strings.Builder
	for _, r := range i.Roles {
		if name, ok := i.Demo.Bind[r.Name]; ok {
			bind.WriteString(flagOf(r.Name, name))
		}
	}
	p.heading("On the shop of blastgauge demo," + bind.String())
	p.item("  naive     ", outcome(i.Demo.Naive))
	p.item("  hardened  ", outcome(i.Demo.Hardened))
}

// outcome says what becomes of checkouts.
func outcome(o library.Outcome) string {
	what := map[library.Harm]string{library.None: "Not harmed.", library.Late: "Checkouts are late", library.Wrong: "Checkouts get wrong answers", library.Failed: "Checkouts fail"}[o.Harm]
	if o.Step != "" {
		what += ` at the step "` + o.Step + `"`
	}
	if o.Harm != library.None {
		what += "."
	}
	if o.Breaks != "" {
		what += ` The invariant "` + o.Breaks + `" breaks.`
	}
	return what + " " + o.Why
}
