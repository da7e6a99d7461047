// Package livepage serves the live page of a command that runs something, as its flags ask
// for it.
package livepage

import (
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/browser"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/live"
)

// Anywhere is an address of this machine alone, with a port that is free.
const Anywhere = "127.0.0.1:0"

// Flags are what a command line says of the page.
type Flags struct {
	Address string // empty: there is no page
	Cert    string // CERT,KEY
}

// options are those of the server.
func (f Flags) options() (live.Options, error) {
	o := live.Options{Address: f.Address}
	switch cert, key, both := strings.Cut(f.Cert, ","); {
	case f.Cert == "":
	case f.Address == "":
		return o, usage.Errorf("--live-cert is for the page of --live, which is not asked for")
	case !both || cert == "" || key == "":
		return o, usage.Errorf("--live-cert %s: give two files, CERT,KEY", f.Cert)
	default:
		if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
			return o, usage.Errorf("--live-cert %s: %w", f.Cert, err)
		}
		o.Cert, o.Key = cert, key
	}
	if f.Address != "" {
		if _, _, err := net.SplitHostPort(f.Address); err != nil {
			return o, usage.Errorf("--live %s: an address is HOST:PORT, such as 127.0.0.1:8099, or :8099 for every address of this machine", f.Address)
		}
	}
	return o, nil
}

// JoinAddress joins --live with the address behind it, which may be left out: a parser of
// flags takes what is behind such a flag for something else.
func JoinAddress(args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		switch {
		case arg == "--":
			return out
		case arg == "--live" && i+1 < len(out) && isAddress.MatchString(out[i+1]):
			out[i] = arg + "=" + out[i+1]
			return slices.Delete(out, i+1, i+2)
		}
	}
	return out
}

// isAddress is what no experiment and no dependency is called.
var isAddress = regexp.MustCompile(`^[^\s-]?[^\s]*:[0-9]+$`)

// Options are what a page needs beside its flags.
type Options struct {
	Labels []string // of runs that go on at once; nil: there is one
	Open   bool     // shows the page in a browser
	Getenv func(string) (string, bool)
	Logf   func(format string, args ...any)
}

// A Page is one that is served. A nil page shows nothing.
type Page struct {
	server *live.Server
	opened string // a directory to remove
}

// Serve serves the page that the flags ask for, and says where it is. Without one it returns
// nil.
func (f Flags) Serve(ctx context.Context, o Options) (*Page, error) {
	options, err := f.options()
	if err != nil || f.Address == "" {
		return nil, err
	}
	options.Labels = o.Labels
	var shows *browser.Browser
	if o.Open {
		if shows, err = browser.Find(o.Getenv); err != nil {
			return nil, err
		}
	}
	server, err := live.Listen(options)
	if err != nil {
		return nil, fmt.Errorf("--live %s: %w", f.Address, err)
	}
	p := &Page{server: server}
	o.Logf("live    %s  to look at", server.Observer())
	o.Logf("        %s  to stop the run and write notes as well", server.Operator())
	if server.Exposed() {
		o.Logf("warning: this page is open to the network without TLS: who sees its traffic can stop the run; give --live-cert CERT,KEY")
	}
	if shows != nil {
		if err := p.open(ctx, shows); err != nil {
			o.Logf("warning: %v", err) // the address above is there to be opened
		}
	}
	return p, nil
}

// open shows the operator's page. A browser is given a file that leads there: everybody on
// this machine can read the arguments of programs.
func (p *Page) open(ctx context.Context, shows *browser.Browser) (err error) {
	if p.opened, err = os.MkdirTemp("", "blastgauge-live-"); err != nil {
		return err
	}
	file, to := filepath.Join(p.opened, "live.html"), html.EscapeString(p.server.Operator())
	text := `<!doctype html><meta http-equiv="refresh" content="0;url=` + to + `"><p><a href="` + to + `">The run</a>`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	return shows.Show(ctx, file)
}

// Show adds the page to what shows a run, and to what acts on it. The index is that of the
// run among the labels, or 0.
func (p *Page) Show(index int, o *run.Options, other func(*plan.Plan) run.View) {
	if p == nil {
		o.View = func(p *plan.Plan) run.View { return run.Views(other(p)) }
		return
	}
	o.View = func(plan *plan.Plan) run.View { return run.Views(other(plan), p.server.View(index, plan)) }
	before := o.Control
	o.Control = func(plan *plan.Plan, c *run.Control) {
		p.server.Control(index, c)
		if before != nil {
			before(plan, c)
		}
	}
}

// Close says on the page where the report is, and what the exit code of a run means, unless
// the command ends with another one, and ends it. Once it has ended, it does nothing.
func (p *Page) Close(report string, out *run.Outcome, code int) {
	if p == nil {
		return
	}
	meaning := ""
	if out != nil && code == out.Result.Run.ExitCode {
		meaning = fmt.Sprintf("exit %d: %s", code, out.Result.ExitMeaning())
	}
	p.server.Close(report, meaning)
	if p.opened != "" {
		_ = os.RemoveAll(p.opened) // it is in the directory for such files
	}
}
