package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/blastgauge/blastgauge/"

// layers is the house from the ground up: a room may import rooms of lower
// layers only. Rooms of one layer are strangers.
var layers = [][]string{
	{"experiments/stats", "experiments/jsonpath", "experiments/hosts", "injectors", "examples/checkout"},
	{"experiments"},
	{"experiments/plan", "experiments/scaffold"},
	{"experiments/journal"},
	{"experiments/run/journey/journeytest"},
	{"experiments/run/journey"},
	{"experiments/result", "experiments/run/check", "experiments/run/traffic"},
	{"experiments/compare", "experiments/history", "experiments/run/engine"},
	{"report", "injectors/badconfig", "injectors/gateway/faultset", "injectors/gateway/stream", "injectors/injectortest/stock"},
	{"injectors/gateway/redis", "injectors/gateway/postgres", "injectors/injectortest"},
	{"injectors/gateway", "injectors/configfile"},
	{"injectors/proxy"},
	{"injectors/toxiproxy"}, // its tests drive a proxy of ours
	{"cmd/blastgauge/internal/live"},
	{"cmd/blastgauge"},
}

// strangers are pairs that a rule of their own keeps apart, although their
// layers would allow it.
var strangers = [][2]string{
	{"experiments/run/engine", "experiments/result"}, // data goes through the journal
	{"report", "experiments/journal"},                // a report is a function of the result
}

// owners lists the rooms that may import each third-party package. One is the
// rule; why a package has more stands beside it.
var owners = map[string][]string{
	"github.com/Shopify/toxiproxy/v2":          {"injectors/proxy", "injectors/injectortest/stock"}, // ours, and the unchanged one it is compared with
	"github.com/prometheus/client_golang":      {"injectors/proxy"},
	"github.com/rs/zerolog":                    {"injectors/injectortest/stock"}, // what the server logs with
	"github.com/spf13/cobra":                   {"cmd/blastgauge"},
	"github.com/vbauerster/mpb/v8":             {"cmd/blastgauge/internal/live"},
	"golang.org/x/term":                        {"cmd/blastgauge/internal/live"},
	"github.com/rogpeppe/go-internal":          {"cmd/blastgauge"},
	"github.com/hashicorp/go-multierror":       {"experiments", "experiments/run/engine"}, // validation and undoing: both go on after an error on purpose
	"go.yaml.in/yaml/v3":                       {"experiments", "injectors/badconfig"},    // both need to know where a node stands
	"github.com/theory/jsonpath":               {"experiments/jsonpath"},
	"github.com/santhosh-tekuri/jsonschema/v6": {"experiments", "cmd/blastgauge"}, // tests: what the language refuses; what a schema of the demo's settings does not
	"golang.org/x/text":                        {"experiments"},                   // the schema validator's messages, in tests
	"github.com/valyala/fasthttp":              {"experiments/run/journey"},
	"gonum.org/v1/gonum":                       {"experiments/stats"}, // Student's t, binomial and Beta distributions
	"github.com/alicebob/miniredis/v2":         {"examples/checkout"},
	"github.com/redis/go-redis/v9":             {"examples/checkout", "injectors/gateway"},                                                        // the gateway's tests look at it as a real client does
	"github.com/jackc/pgx/v5":                  {"examples/checkout", "experiments/run/check", "injectors/gateway/postgres", "injectors/gateway"}, // a shop that keeps its orders there, invariants that ask, the protocol of a gateway, a real client in tests
	"github.com/go-sql-driver/mysql":           {"experiments/run/check"},
	"modernc.org/sqlite":                       {"experiments/run/check"},
	"github.com/failsafe-go/failsafe-go":       {"examples/checkout"},
	"github.com/andybalholm/brotli":            {"injectors/gateway"}, // what documents are compressed with, as is the next one
	"github.com/klauspost/compress":            {"injectors/gateway"},
	"github.com/chromedp/chromedp":             {"report", "cmd/blastgauge"}, // tests: reports are read in a browser, and a checkout is recorded in one
	"github.com/chromedp/cdproto":              {"report", "cmd/blastgauge"},
}

// imports maps each room to what its files import, tests included.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	rooms := map[string][]string{}
	err := filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		room, err := filepath.Rel("../..", filepath.Dir(file))
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			rooms[filepath.ToSlash(room)] = append(rooms[filepath.ToSlash(room)], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rooms
}

func layerOf(room string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, room) })
}

func TestImportsGoDown(t *testing.T) {
	rooms := imports(t)
	if len(rooms) < 10 {
		t.Fatalf("only %d rooms were found: the walk is broken", len(rooms))
	}
	for room, list := range rooms {
		from := layerOf(room)
		if from < 0 {
			t.Errorf("%s stands in no layer", room)
		}
		for _, name := range list {
			to, ours := strings.CutPrefix(name, module)
			if !ours || to == room {
				continue
			}
			switch {
			case slices.Contains(strangers, [2]string{room, to}):
				t.Errorf("%s must not import %s: they are strangers", room, to)
			case layerOf(to) >= from:
				t.Errorf("%s imports %s, which is not below it", room, to)
			}
		}
	}
}

func TestEveryPackageHasItsOwner(t *testing.T) {
	for room, list := range imports(t) {
		for _, name := range list {
			if !strings.Contains(strings.SplitN(name, "/", 2)[0], ".") || strings.HasPrefix(name, module) {
				continue
			}
			if !owned(name, room) {
				t.Errorf("%s imports %s, which it does not own", room, name)
			}
		}
	}
}

// owned looks for the longest listed module that holds the package.
func owned(name, room string) bool {
	for m := name; m != "." && m != "/"; m = path.Dir(m) {
		if rooms, ok := owners[m]; ok {
			return slices.Contains(rooms, room)
		}
	}
	return false
}
