package preflight

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
)

// WriteText writes attempts for people. Lines that were sent begin with >, and lines
// that came with <.
func WriteText(w io.Writer, list []Attempt) error {
	var b bytes.Buffer
	for i, a := range list {
		if i > 0 {
			b.WriteString("\n")
		}
		data := ""
		if a.Data != "" {
			data = fmt.Sprintf(", with row %d of %s", a.Row, a.Data)
		}
		fmt.Fprintf(&b, "%s (%s arm%s)\n", a.Journey, a.Arm, data)
		for n, t := range a.Steps {
			t.write(&b, n+1)
		}
		fmt.Fprintf(&b, "\n%s: %s in %s", a.Journey, a.Outcome, took(a.Took))
		if a.Step != "" {
			fmt.Fprintf(&b, ", at step %s: %s", a.Step, a.Detail)
		}
		if len(a.Unsent) > 0 {
			fmt.Fprintf(&b, "; not sent: %s", figures.List(a.Unsent, "and"))
		}
		b.WriteString("\n")
		if a.Do != "" {
			fmt.Fprintf(&b, "to do: %s\n", a.Do)
		}
	}
	_, err := io.WriteString(w, inert.Lines(b.String()))
	return err
}

func (t Tried) write(b *bytes.Buffer, number int) {
	pause := ""
	if t.Paused > 0 {
		pause = ", after a pause of " + took(t.Paused)
	}
	share := ""
	if t.Share > 0 {
		share = ", which " + figures.ShortPercent(t.Share, 2) + " of the journeys of a run take"
	}
	fmt.Fprintf(b, "\n  %d %s, %s%s%s\n", number, t.Name, took(t.Took), pause, share)
	if t.Request.Times > 1 {
		fmt.Fprintf(b, "    sent %d times, until it was as expected or its time was over\n", t.Request.Times)
	}
	fmt.Fprintf(b, "    > %s %s\n", t.Request.Method, t.Request.URL)
	writeMessage(b, ">", t.Request.Headers, t.Request.Body)
	for _, f := range t.Followed {
		fmt.Fprintf(b, "    < %s, Location: %s, %s\n", statusText(f.Status), f.Location, took(f.Took))
		fmt.Fprintf(b, "    > %s %s\n", f.Method, f.URL)
	}
	if t.Response != nil {
		fmt.Fprintf(b, "    < %s, %s\n", statusText(t.Response.Status), figures.Plural(t.Response.Size, "byte", "bytes"))
		writeMessage(b, "<", t.Response.Headers, t.Response.Body)
	}
	if t.Error != "" {
		fmt.Fprintf(b, "    no answer: %s\n", t.Error)
	}
	for _, e := range t.Expected {
		switch {
		case e.Met:
			fmt.Fprintf(b, "    met      %s\n", e.What)
		case e.Came != "":
			fmt.Fprintf(b, "    NOT MET  %s; came: %s\n", e.What, e.Came)
		default:
			fmt.Fprintf(b, "    NOT MET  %s\n", e.What)
		}
	}
	for _, c := range t.Captured {
		if c.Found {
			fmt.Fprintf(b, "    captured %s = %s (%s)\n", c.Name, c.Value, c.From)
		} else {
			fmt.Fprintf(b, "    captured nothing as %s (%s)\n", c.Name, c.From)
		}
	}
}

// statusText is a status with its name.
func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprint(code, " ", http.StatusText(code)))
}

func writeMessage(b *bytes.Buffer, mark string, headers []Header, body string) {
	for _, h := range headers {
		fmt.Fprintf(b, "    %s %s: %s\n", mark, h.Name, h.Value)
	}
	if body == "" {
		return
	}
	fmt.Fprintf(b, "    %s\n", mark)
	for line := range strings.Lines(body) {
		fmt.Fprintf(b, "    %s %s\n", mark, strings.TrimRight(line, "\r\n"))
	}
}

// took is a duration for people.
func took(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d >= time.Second {
		return figures.Span(d.Round(10 * time.Millisecond))
	}
	return figures.Span(d.Round(100 * time.Microsecond))
}
