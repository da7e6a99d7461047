package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// setting NAME FILE gives a variable the text of a file, as the settings of a forge do.
func setSetting(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: setting NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile(args[1]), "\n"))
}

// attested VERDICT FILE KEY.pem writes FILE.intoto.jsonl: statements that a run found the
// verdict about the file, signed with the key.
func attest(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: attested VERDICT FILE KEY.pem")
	}
	key, err := signing.ParsePrivate([]byte(ts.ReadFile(args[2])))
	ts.Check(err)
	text := statementsAbout(ts, filepath.Base(args[1]), ts.ReadFile(args[1]), result.Verdict(args[0]), key)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]+".intoto.jsonl"), text, 0o600))
}

// A checker fails a test or a script where something is wrong with what it is made of.
type checker interface{ Check(err error) }

// statementsAbout are the signed statements about a config that was just measured.
func statementsAbout(c checker, name, config string, v result.Verdict, key *signing.PrivateKey) []byte {
	now := time.Now()
	radius := &result.BlastRadius{Journey: "checkout", Estimate: 0.002, Low: 0, High: 0.008, Confidence: 0.95, Control: result.ConcurrentControl}
	p, err := statement.Make(&result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0.0"},
		Run:       result.Run{ID: "run-" + strings.ToLower(now.Format("150405.000000")), Started: now.Add(-time.Minute), Ended: now, Outcome: result.Completed},
		System:    result.System{Name: "shop", Environment: "staging"},
		Documents: []result.Document{{File: "blastgauge.yaml", Text: "system: shop\n"}, {File: "settings-next.yaml", Text: "experiment: settings-next\n"}},
		Experiments: []result.Experiment{{
			ID: "settings-next", File: "settings-next.yaml", Verdict: v, BlastRadius: radius,
			Journeys: []result.Journey{{Name: "checkout", Limit: 0.05, Verdict: v, BlastRadius: radius}},
			Faults:   []result.Fault{{Name: "bg-1", Inject: "http_config", Into: "settings", Intended: true, RemovalVerified: true}},
		}},
	}, statement.Options{Subjects: statement.OfFile(name, []byte(config))})
	c.Check(err)
	a, b, err := p.Bytes()
	c.Check(err)
	list := []*signing.Envelope{signing.Wrap(a), signing.Wrap(b)}
	for _, e := range list {
		c.Check(e.Sign(key))
	}
	text, err := signing.Write(list)
	c.Check(err)
	return text
}
