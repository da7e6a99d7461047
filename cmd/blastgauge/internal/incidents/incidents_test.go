package incidents

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	library "github.com/blastgauge/blastgauge/examples/incidents"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/report"
)

var update = flag.Bool("update", false, "write the golden files") //nolint:gochecknoglobals // a flag

// system has a dependency of each kind, and one that is called like a role.
func system() *experiments.System {
	return &experiments.System{File: "blastgauge.yaml", Dependencies: []experiments.Dependency{
		{Name: "carts", Upstream: "redis://127.0.0.1:1"},
		{Name: "payments", Upstream: "http://127.0.0.1:2"},
		{Name: "mail", Upstream: "127.0.0.1:3"},
		{Name: "elsewhere", Proxy: "search"},
	}}
}

// Roles are taken by who is named, then by who is called like them, and by nobody else.
func TestBinding(t *testing.T) {
	t.Parallel()
	b, err := Bind([]string{"slack-2022-02-22", "square-2023-09-07", "united-2015-02-11"}, []string{"cache=carts", "rates=payments"})
	if err != nil {
		t.Fatal(err)
	}
	documents, err := b.Write(system())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"slack-2022-02-22.cache=carts", "square-2023-09-07.payments=payments", "united-2015-02-11.rates=payments"}; !slices.Equal(b.Bound(), want) {
		t.Errorf("Bound() = %q, want %q", b.Bound(), want)
	}
	if r := b.Remarks(); len(r) != 2 || !strings.Contains(r[0], "--bind payments=") || !strings.Contains(r[1], "--bind number=") {
		t.Errorf("Remarks() = %q, want the role that was guessed, and the place that was not bound", r)
	}
	for n, into := range []string{"carts", "payments", "payments"} {
		if text := string(documents[n].Text); !strings.Contains(text, "\n    into: "+into+"\n") {
			t.Errorf("%s is bound to somebody else than %s:\n%s", documents[n].File, into, text)
		}
	}
}

// A place is one of one document. Of several incidents each has its own, and so may have a
// dependency.
func TestBindingOfSeveral(t *testing.T) {
	t.Parallel()
	both := []string{"sixpm-2010-05-21", "united-2015-02-11", "roblox-2021-10-28", "google-cloud-2021-11-16"}
	given := []string{"pricing=payments", "rates=payments", "config=payments", "roblox-2021-10-28.config=mail"}
	b, err := Bind(both, append(given, "sixpm-2010-05-21.number=/max", "united-2015-02-11.number=/rate"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it may be asked again
		documents, err := b.Write(system())
		if err != nil {
			t.Fatal(err)
		}
		for n, part := range []string{`path: "/max"`, `path: "/rate"`, "into: mail\n", "into: payments\n"} {
			if text := string(documents[n].Text); !strings.Contains(text, part) {
				t.Errorf("%s is without %q:\n%s", documents[n].File, part, text)
			}
		}
	}
	want := []string{"sixpm-2010-05-21.pricing=payments", "sixpm-2010-05-21.number=/max", "united-2015-02-11.rates=payments", "united-2015-02-11.number=/rate", "roblox-2021-10-28.config=mail", "google-cloud-2021-11-16.config=payments"}
	if !slices.Equal(b.Bound(), want) || len(b.Remarks()) > 0 {
		t.Errorf("Bound() = %q, want %q; Remarks() = %q", b.Bound(), want, b.Remarks())
	}
	if b, err = Bind(both, given); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write(system()); err != nil {
		t.Fatal(err)
	}
	if r := b.Remarks(); len(r) != 2 || !strings.Contains(r[0], "--bind sixpm-2010-05-21.number=/path") || !strings.Contains(r[1], "--bind united-2015-02-11.number=/path") {
		t.Errorf("Remarks() = %q, want how each place is bound", r)
	}
}

// What is missing is told with who could take it.
func TestUnboundRoles(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][]string{
		"slack-2022-02-22":      {"--bind cache=", "redis", "carts and elsewhere can", "payments (http) and mail (bytes alone) cannot"},
		"aws-2025-10-19":        {"--bind store=", "carts, payments, mail and elsewhere can"},
		"gocardless-2018-04-06": {"--bind database=", "postgres", "elsewhere can"},
	} {
		b, err := Bind([]string{id}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Write(system())
		if _, is := errors.AsType[usage.Error](err); !is {
			t.Errorf("%s: Write() = %v, want a mistake on the command line", id, err)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v does not say %q", id, err, part)
			}
		}
	}
	s := system()
	s.Dependencies = s.Dependencies[1:3]
	b, err := Bind([]string{"slack-2022-02-22"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write(s); err == nil || !strings.Contains(err.Error(), "no dependency can take it") {
		t.Errorf("a role that nobody can take: %v", err)
	}
}

// A mistake on the command line is one, whatever it is about.
func TestMistakes(t *testing.T) {
	t.Parallel()
	bind := func(ids, given []string) error { _, err := Bind(ids, given); return err }
	show := func(id string, given ...string) error { _, err := Show(id, given); return err }
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"no incident":      {bind(nil, nil), "blastgauge incidents"},
		"unknown":          {bind([]string{"slck-2022-02-22"}, nil), `did you mean "slack-2022-02-22"?`},
		"twice":            {bind([]string{"aws-2025-10-19", "aws-2025-10-19"}, nil), "twice"},
		"no such role":     {bind([]string{"slack-2022-02-22"}, []string{"cach=carts"}), `did you mean "cache"?`},
		"no such incident": {bind([]string{"slack-2022-02-22"}, []string{"slack-2022-02-23.cache=carts"}), `did you mean "slack-2022-02-22.cache"?`},
		"not of the run":   {bind([]string{"slack-2022-02-22"}, []string{"aws-2025-10-19.store=carts"}), "known: cache"},
		"a shared place":   {bind([]string{"sixpm-2010-05-21", "united-2015-02-11"}, []string{"number=/a", "united-2015-02-11.rates=x"}), "bind sixpm-2010-05-21.number (the highest price) and united-2015-02-11.number (the rate) one by one"},
		"no command":       {NoCommand([]string{"slack-2022-02-22"}), "show slack-2022-02-22"},
		"show unknown":     {show("x"), "blastgauge incidents"},
		"show no role":     {show("slack-2022-02-22", "list=/a"), "known: cache"},
		"show half bound":  {show("sixpm-2010-05-21", "number=/a"), "--bind pricing="},
	} {
		if _, is := errors.AsType[usage.Error](tt.err); !is || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, tt.err, tt.want)
		}
	}
}

// JSON holds all that the documents say.
func TestJSON(t *testing.T) {
	t.Parallel()
	list, err := library.All()
	if err != nil {
		t.Fatal(err)
	}
	format, err := FormatFor("json", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var read struct {
		Schema    string
		Known     []library.Source
		Incidents []library.Incident
	}
	if err := errors.Join(format(&out, list), json.Unmarshal(out.Bytes(), &read)); err != nil {
		t.Fatal(err)
	}
	if read.Schema != Schema || len(read.Known) == 0 || len(read.Incidents) != len(list) || read.Incidents[0].Experiment != list[0].Experiment || len(read.Incidents[0].Contested) == 0 {
		t.Errorf("JSON holds less than the documents: %+v", read.Incidents[0])
	}
	if _, err := FormatFor("yaml", nil); !errors.As(err, new(*report.UnknownFormatError)) {
		t.Errorf("an unknown format: %v", err)
	}
}

// What becomes of checkouts is a sentence, also where no step is named.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]library.Outcome{
		"Not harmed. It waits.":                                          {Harm: library.None, Why: "It waits."},
		"Checkouts are late. It waits.":                                  {Harm: library.Late, Why: "It waits."},
		`Checkouts fail at the step "pay". The invariant "a" breaks. X.`: {Harm: library.Failed, Step: "pay", Breaks: "a", Why: "X."},
	} {
		if got := outcome(o); got != want {
			t.Errorf("outcome() = %q, want %q", got, want)
		}
	}
}

// What people read of an incident.
func TestTexts(t *testing.T) {
	t.Parallel()
	all, err := library.All()
	if err != nil {
		t.Fatal(err)
	}
	bound, err := Show("amazon-2026-03-02", []string{"promise=shipping", "number=/promise/days"})
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"list":                   func(b *bytes.Buffer) error { return WriteList(b, all) },
		"amazon-2026-03-02":      func(b *bytes.Buffer) error { return WriteText(80)(b, all[:1]) },
		"google-code-jam-2014":   func(b *bytes.Buffer) error { return WriteText(200)(b, one(t, "google-code-jam-2014")) },
		"amazon-2026-03-02.yaml": func(b *bytes.Buffer) error { return WriteDocument(b, []library.Incident{bound}) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got.String(), want)
		}
	}
}

func one(t *testing.T, id string) []library.Incident {
	t.Helper()
	list, err := Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
