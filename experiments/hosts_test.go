package experiments

import (
	"errors"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// TestRefusalPrintsTheLineToAdd follows the advice and asks again.
func TestRefusalPrintsTheLineToAdd(t *testing.T) {
	t.Parallel()
	s := &System{File: "shop/blastgauge.yaml", AllowHosts: []string{"*.internal"}}
	for host, line := range map[string]string{
		"shop.example": `allow_hosts: ["*.internal", shop.example]`,
		"fd00::1":      `allow_hosts: ["*.internal", "fd00::1"]`,
	} {
		err := s.Hosts().CheckName(host)
		if err == nil || !strings.Contains(err.Error(), line) || !strings.Contains(err.Error(), "shop/blastgauge.yaml") {
			t.Fatalf("CheckName(%q) = %v, want the line %s", host, err, line)
		}
		d := shape.NewDocument(shape.Source{Text: []byte(line)}, language())
		root, _ := d.Parse()
		var followed System
		systemShape(&followed, environment{}).Read(d, root, "")
		if err := followed.Hosts().CheckName(host); err != nil {
			t.Errorf("after %s: %v", line, err)
		}
	}
	if err := (hosts.Policy{}).CheckName("shop.example"); err == nil || !strings.Contains(err.Error(), "allow_hosts: [shop.example]") {
		t.Errorf("CheckName() = %v", err)
	}
}

func TestCheckHostsLooksAtEveryHost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit func(*System)
		want string // the host refused; empty: none
	}{
		"all loopback": {func(*System) {}, ""},
		"entry":        {func(s *System) { s.URL = "http://shop.example/x" }, "shop.example"},
		"control":      {func(s *System) { s.ControlURL = "https://control.example" }, "control.example"},
		"toxiproxy":    {func(s *System) { s.Toxiproxy = "http://toxi.example:8474" }, "toxi.example"},
		"embedded":     {func(s *System) { s.Toxiproxy = Embedded }, ""},
		"upstream":     {func(s *System) { s.Dependencies[0].Upstream = "db.example:5432" }, "db.example"},
		"scheme":       {func(s *System) { s.Dependencies[0].Upstream = "redis://cache.example:6379" }, "cache.example"},
		"invariant":    {func(s *System) { s.Invariants[0].Request.Target = "http://ledger.example/${run}" }, "ledger.example"},
		"target":       {func(s *System) { s.Journeys[0].Steps[0].Request.Target = "https://cdn.example/a" }, "cdn.example"},
		"path":         {func(s *System) { s.Journeys[0].Steps[0].Request.Target = "/a//b.example" }, ""},
		"own name": {func(s *System) {
			s.Host, s.Journeys[0].Steps[0].Request.Target = "shop.example", "https://Shop.example/a/${id}"
		}, ""},
		"own name's port": {func(s *System) {
			s.Host, s.Journeys[0].Steps[0].Request.Target = "shop.example", "https://shop.example:9000/a"
		}, "shop.example"},
		"not its entry":   {func(s *System) { s.Host, s.Invariants[0].Request.Target = "shop.example", "https://shop.example/a" }, "shop.example"},
		"variable host":   {func(s *System) { s.Journeys[0].Steps[0].Request.Target = "http://${env:HOST}/a" }, ""},
		"variable target": {func(s *System) { s.Journeys[0].Steps[0].Request.Target = "${location}" }, ""},
	}
	for name, tt := range tests {
		s := &System{
			URL: "http://127.0.0.1:8080", Toxiproxy: "http://localhost:8474",
			Dependencies: []Dependency{{Name: "db", Upstream: "127.0.0.1:5432"}, {Name: "old", Proxy: "old"}},
			Journeys:     []Journey{{Steps: []Step{{Request: Request{Target: "/"}}}}},
			Invariants:   []Invariant{{Request: Request{Target: "http://ledger.test/x"}}},
		}
		tt.edit(s)
		err := s.CheckHosts()
		if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: CheckHosts() = %v, want a refusal of %q", name, err, tt.want)
		}
	}
}

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	refused := []string{"prod", "PROD", "prod-eu", "eu_production", "prd", "live", "shop.live.eu", "prod2", "euProd", "staging/prod", "non-prod-live", "PRODUCTION",
		"pROD", "pRod", "eu-PrOd", "ProDuction", "production-${", "${env:X:-production}", "${env:X}-production", "production${x}",
		"pr\u043ed", "\u0440rod", "liv\u0435", "\uff50\uff52\uff4f\uff44", "PR\u039fD", "prod\u0301", "pro\u00add", "li\u200bve", "pr0d", "l1ve", "liv3", "eu-pr0duct10n",
		"pr0d2", "pr0d01", "l1ve2", "liv32", "liv30", "2pr0d", "01-pr0d-3", "1iv3", "pr0duc71on7", "prd0", "euPr0d2", "PR0D-2", "pre-x-pr0d2"}
	for _, name := range refused {
		if err := (&System{Environment: name}).CheckEnvironment(); !errors.Is(err, ErrRefused) {
			t.Errorf("environment %q is not refused: %v", name, err)
		}
	}
	fine := []string{"staging", "staging-eu", "pre-prod", "preprod", "pre_production", "nonprod", "non-production", "PreProd", "Non-Live", "delivery", "product-team", "olive", "reproduction", "prodigy", "pre-PROD", "nonPROD", "pre-pr0d", "staging-01", "l10n", "test3", "pre-pr0d2", "preprod2", "pr0duct2", "pr2d", "olive2", "l1v"}
	for _, name := range fine {
		if err := (&System{Environment: name}).CheckEnvironment(); err != nil {
			t.Errorf("environment %q is refused: %v", name, err)
		}
	}
	s, _, err := Load(system, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Environment = "prod"
	if err := s.CheckEnvironment(); err == nil || !strings.Contains(err.Error(), system+":4:14") {
		t.Errorf("CheckEnvironment() = %v, want its place", err)
	}
}

// An environment that was set in place of the document's is not blamed on the document.
func TestARefusedEnvironmentIsToldWhereItWasSet(t *testing.T) {
	t.Parallel()
	s := System{File: "blastgauge.yaml", Environment: "production", Set: []string{"environment=staging", "environment=production", "url=http://x"}}
	if err := s.CheckEnvironment(); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "(--set environment=production)") || strings.Contains(err.Error(), s.File) {
		t.Errorf("CheckEnvironment() = %v", err)
	}
}
