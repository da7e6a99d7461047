package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/blastgauge/blastgauge/"

// A room is one package: what it may import of ours, and what its tests may
// import beyond that.
type room struct {
	name    string
	imports string // rooms, with spaces between
	tests   string
}

// rooms is the house from the ground up. A room imports only rooms that stand
// above it in this list, so imports go down; and only those that its row names,
// so that nobody can bypass the journal: engine and result never meet, and a
// report knows nothing but results.
func rooms() []room {
	return []room{
		{name: "injectors/injectortest/required"},
		{name: "injectors/injectortest/chromium", imports: "injectors/injectortest/required"},
		{name: "injectors/injectortest/generated"},
		{name: "experiments/lazyregexp"},
		{name: "experiments/redact", imports: "experiments/lazyregexp"},
		{name: "experiments/figures"},
		{name: "experiments/inert"},
		{name: "experiments/atomicfile", tests: "injectors/injectortest/required"},
		{name: "experiments/filelock"},
		{name: "experiments/truth/world"},
		{name: "experiments/stats/distributions"},
		{name: "experiments/stats", imports: "experiments/stats/distributions", tests: "experiments/truth/world"},
		{name: "experiments/sampling"},
		{name: "experiments/rows", imports: "experiments/redact"},
		{name: "experiments/jsonpath"},
		{name: "experiments/hosts"},
		{name: "experiments/endpoint", imports: "experiments/hosts"},
		{name: "experiments/site"},
		{name: "experiments/yamlnode"},
		{name: "experiments/listening"},
		{name: "experiments/waiting"},
		{name: "experiments/loopback"},
		{name: "experiments/shape", imports: "experiments/figures experiments/inert experiments/lazyregexp experiments/yamlnode"},
		{name: "injectors", imports: "experiments/figures", tests: "injectors/injectortest/generated"},
		{name: "injectors/manual"},
		{name: "examples/checkout", imports: "experiments/loopback", tests: "injectors/injectortest/required"},
		{name: "examples/traffic", tests: "injectors/injectortest/required"},
		{name: "experiments", imports: "experiments/atomicfile experiments/figures experiments/hosts experiments/jsonpath experiments/lazyregexp experiments/redact experiments/rows experiments/shape experiments/site injectors", tests: "injectors/injectortest/generated"},
		{name: "examples/incidents", imports: "experiments experiments/figures experiments/shape injectors"},
		{name: "experiments/scaffold/recording", imports: "experiments experiments/lazyregexp experiments/shape"},
		{name: "experiments/scaffold/har", imports: "experiments/scaffold/recording", tests: "experiments experiments/shape"},
		{name: "experiments/scaffold/postman/script", imports: "experiments experiments/lazyregexp"},
		{name: "experiments/scaffold/draft", imports: "experiments experiments/lazyregexp experiments/redact experiments/scaffold/recording injectors"},
		{name: "experiments/scaffold/link", imports: "experiments experiments/lazyregexp experiments/redact experiments/scaffold/draft experiments/scaffold/recording", tests: "experiments/shape"},
		{name: "experiments/scaffold/postman", imports: "experiments experiments/lazyregexp experiments/redact experiments/scaffold/draft experiments/scaffold/postman/script experiments/scaffold/recording experiments/shape"},
		{name: "experiments/scaffold/openapi", imports: "experiments experiments/lazyregexp experiments/redact experiments/scaffold/draft experiments/scaffold/recording experiments/shape experiments/yamlnode"},
		{name: "experiments/scaffold/chaostoolkit", imports: "experiments experiments/figures experiments/inert experiments/jsonpath experiments/lazyregexp experiments/redact experiments/scaffold/draft experiments/scaffold/recording experiments/shape injectors"},
		{name: "experiments/scaffold", imports: "experiments experiments/figures experiments/hosts experiments/inert experiments/lazyregexp experiments/scaffold/draft experiments/shape injectors", tests: "experiments/scaffold/chaostoolkit experiments/scaffold/har experiments/scaffold/link experiments/scaffold/openapi experiments/scaffold/postman"},
		{name: "experiments/scaffold/source", imports: "experiments/hosts experiments/scaffold/chaostoolkit experiments/scaffold/draft experiments/scaffold/har experiments/scaffold/link experiments/scaffold/openapi experiments/scaffold/postman"},
		{name: "experiments/plan", imports: "experiments experiments/figures experiments/inert experiments/shape experiments/stats injectors", tests: "experiments/rows"},
		{name: "experiments/validate", imports: "experiments experiments/figures experiments/plan experiments/shape"},
		{name: "experiments/journal", imports: "experiments experiments/atomicfile experiments/filelock experiments/inert experiments/plan"},
		{name: "experiments/scan", imports: "experiments experiments/figures experiments/journal experiments/plan experiments/stats injectors"},
		{name: "experiments/findings", imports: "experiments experiments/atomicfile experiments/figures experiments/plan experiments/scan injectors"},
		{name: "experiments/run/internal/usage"},
		{name: "experiments/run/internal/wait"},
		{name: "experiments/run/internal/causes", imports: "experiments/journal experiments/plan"},
		{name: "experiments/run/engine", imports: "experiments experiments/figures experiments/journal experiments/plan experiments/run/internal/wait experiments/stats"},

		{name: "injectors/badconfig/edit", imports: "experiments/yamlnode"},
		{name: "injectors/badconfig", imports: "experiments/figures experiments/jsonpath experiments/lazyregexp experiments/sampling injectors injectors/badconfig/edit"},
		{name: "injectors/gateway/faultset", imports: "experiments/sampling injectors"},
		{name: "injectors/gateway/stream"},
		{name: "injectors/gateway/http", imports: "injectors injectors/badconfig injectors/gateway/faultset injectors/gateway/stream"},
		{name: "injectors/gateway/redis", imports: "injectors injectors/gateway/faultset injectors/gateway/stream"},
		{name: "injectors/gateway/postgres", imports: "experiments/atomicfile injectors injectors/gateway/faultset injectors/gateway/stream"},
		{name: "injectors/injectortest/stock"},
		{name: "injectors/injectortest", imports: "experiments experiments/journal experiments/plan experiments/run/engine injectors"},
		{name: "injectors/gateway", imports: "injectors injectors/gateway/faultset injectors/gateway/http injectors/gateway/postgres injectors/gateway/redis injectors/gateway/stream", tests: "examples/checkout experiments/loopback experiments/waiting injectors/badconfig injectors/injectortest/required"},
		{name: "injectors/configfile", imports: "experiments experiments/atomicfile experiments/filelock experiments/journal experiments/plan experiments/run/engine injectors injectors/badconfig injectors/manual", tests: "injectors/injectortest injectors/injectortest/required"},
		{name: "injectors/command", imports: "experiments experiments/inert experiments/journal experiments/plan experiments/redact injectors injectors/manual", tests: "experiments/run/engine experiments/waiting injectors/injectortest"},
		{name: "injectors/proxy", imports: "experiments/atomicfile experiments/hosts experiments/sampling injectors injectors/gateway", tests: "examples/checkout experiments/loopback injectors/badconfig injectors/injectortest/required injectors/injectortest/stock"},
		{name: "injectors/proxy/metrics", imports: "injectors/proxy", tests: "injectors/injectortest/required"},
		{name: "experiments/faulttest", imports: "experiments/figures experiments/stats injectors injectors/proxy", tests: "examples/checkout injectors/injectortest/required"},
		{name: "injectors/toxiproxy", imports: "experiments experiments/atomicfile experiments/hosts experiments/journal experiments/plan experiments/redact experiments/run/engine injectors injectors/manual", tests: "experiments/loopback experiments/waiting injectors/injectortest injectors/injectortest/required injectors/injectortest/stock injectors/proxy"},

		{name: "injectors/injectortest/dnsserver"},
		{name: "injectors/fleet", imports: "experiments experiments/hosts experiments/journal experiments/plan experiments/run/engine injectors injectors/toxiproxy", tests: "experiments/loopback experiments/waiting injectors/injectortest injectors/injectortest/dnsserver injectors/injectortest/stock injectors/proxy"},

		{name: "experiments/run/journey/journeytest", imports: "experiments"},
		{name: "experiments/run/journey/rawconn", tests: "experiments/run/journey/journeytest"},
		{name: "experiments/run/journey/cookies"},
		{name: "experiments/run/journey/httpclient", imports: "experiments experiments/atomicfile experiments/hosts experiments/jsonpath experiments/run/journey/rawconn experiments/site", tests: "experiments/run/journey/journeytest"},
		{name: "experiments/run/journey", imports: "experiments experiments/figures experiments/journal experiments/jsonpath experiments/lazyregexp experiments/plan experiments/redact experiments/rows experiments/run/internal/wait experiments/run/journey/cookies experiments/run/journey/httpclient experiments/sampling experiments/site", tests: "experiments/run/journey/journeytest"},
		{name: "experiments/run/traffic", imports: "experiments experiments/figures experiments/journal experiments/plan experiments/redact experiments/rows experiments/run/internal/causes experiments/run/journey experiments/run/journey/httpclient experiments/sampling", tests: "experiments/run/internal/wait experiments/run/journey/journeytest"},
		{name: "experiments/run/supervise"},
		{name: "experiments/run/generator", imports: "experiments experiments/figures experiments/journal experiments/plan experiments/redact experiments/run/internal/causes experiments/run/internal/usage experiments/run/journey experiments/run/supervise experiments/shape"},
		{name: "experiments/run/systemtest", imports: "experiments experiments/loopback experiments/plan injectors/proxy"},
		{name: "experiments/run/prometheus", imports: "experiments experiments/figures experiments/hosts experiments/journal experiments/plan", tests: "experiments/run/engine experiments/run/systemtest experiments/waiting injectors/injectortest/required"},
		{name: "experiments/run/alerts", imports: "experiments experiments/figures experiments/hosts experiments/journal experiments/plan"},
		{name: "experiments/run/check", imports: "experiments experiments/figures experiments/hosts experiments/journal experiments/jsonpath experiments/plan experiments/redact experiments/run/internal/wait experiments/run/journey experiments/run/journey/httpclient", tests: "experiments/loopback injectors injectors/injectortest/required"},
		{name: "experiments/run/preflight", imports: "experiments experiments/figures experiments/inert experiments/journal experiments/plan experiments/redact experiments/rows experiments/run/alerts experiments/run/check experiments/run/internal/usage experiments/run/internal/wait experiments/run/journey experiments/run/journey/httpclient experiments/run/prometheus experiments/shape", tests: "experiments/waiting"},

		{name: "experiments/result", imports: "experiments experiments/atomicfile experiments/figures experiments/journal experiments/lazyregexp experiments/plan experiments/scan experiments/stats injectors"},
		{name: "experiments/run/notify", imports: "experiments experiments/figures experiments/inert experiments/journal experiments/plan experiments/redact experiments/result"},
		{name: "experiments/progress", imports: "experiments experiments/figures experiments/inert experiments/journal experiments/plan experiments/result experiments/scan experiments/stats"},
		{name: "experiments/truth", imports: "experiments experiments/journal experiments/plan experiments/result experiments/run/engine experiments/stats experiments/truth/world"},
		{name: "experiments/compare", imports: "experiments/figures experiments/inert experiments/plan experiments/result experiments/scan experiments/shape experiments/stats"},
		{name: "experiments/gate/strictjson"},
		{name: "experiments/gate/statement", imports: "experiments experiments/gate/strictjson experiments/lazyregexp experiments/result experiments/scan experiments/yamlnode"},
		{name: "experiments/gate/bypass", imports: "experiments/atomicfile experiments/filelock experiments/gate/statement experiments/gate/strictjson"},
		{name: "experiments/history", imports: "experiments/atomicfile experiments/gate/bypass experiments/journal experiments/plan experiments/result", tests: "experiments"},
		{name: "experiments/gate/signing", imports: "experiments/gate/strictjson", tests: "injectors/injectortest/required"},
		{name: "experiments/gate/attempts", imports: "experiments/atomicfile experiments/gate/bypass experiments/gate/statement experiments/gate/strictjson experiments/history experiments/result"},
		{name: "experiments/gate/policy", imports: "experiments/figures experiments/gate/signing experiments/gate/statement experiments/gate/strictjson experiments/result", tests: "injectors/injectortest/required"},
		{name: "experiments/gate/requirements", imports: "experiments/gate/policy experiments/gate/statement experiments/shape"},
		{name: "experiments/gate/verdicts", imports: "experiments/atomicfile experiments/endpoint experiments/gate/policy experiments/gate/signing experiments/gate/statement experiments/gate/strictjson experiments/inert experiments/result"},
		{name: "experiments/gate/change", imports: "experiments/lazyregexp experiments/sampling experiments/yamlnode injectors/badconfig injectors/badconfig/edit"},
		{name: "experiments/gate/smallest"},
		{name: "experiments/gate/served", imports: "experiments/atomicfile experiments/hosts experiments/plan", tests: "experiments injectors"},
		{name: "experiments/gate", imports: "experiments experiments/figures experiments/gate/statement experiments/inert experiments/journal experiments/plan experiments/redact experiments/result injectors injectors/badconfig"},
		{name: "report/words", imports: "experiments/figures experiments/inert experiments/journal experiments/plan experiments/result experiments/scan"},
		{name: "report/terminal", imports: "experiments/inert experiments/result report/words"},
		{name: "report/encode", imports: "experiments/figures experiments/inert experiments/lazyregexp experiments/result report/words"},
		{name: "report/template"},
		{name: "report/page", imports: "experiments/figures experiments/inert experiments/result report/encode report/template report/words"},
		{name: "report/charts", imports: "experiments/figures experiments/result experiments/scan experiments/stats report/page report/template report/words"},
		{name: "report/results", imports: "experiments/figures experiments/inert experiments/result report/charts report/encode report/page report/template report/terminal report/words"},
		{name: "report/live", imports: "experiments/figures experiments/inert experiments/journal experiments/plan experiments/progress experiments/result experiments/stats report/page report/template report/words", tests: "experiments"},
		{name: "report/scans", imports: "experiments/figures experiments/inert experiments/journal experiments/plan experiments/result experiments/scan report/charts report/encode report/page report/template report/terminal report/words"},
		{name: "report/comparisons", imports: "experiments/compare experiments/figures experiments/inert experiments/plan experiments/result experiments/scan report/encode report/page report/template report/terminal report/words"},
		{name: "report/gates", imports: "experiments/figures experiments/gate experiments/gate/statement experiments/inert experiments/result report/charts report/encode report/page report/template report/terminal report/words"},
		{name: "report/trends", imports: "experiments/figures experiments/gate/bypass experiments/history experiments/inert experiments/result report/page report/template report/terminal report/words"},
		{name: "report/validations", imports: "experiments/inert experiments/result experiments/validate report/encode report/words"},
		{name: "report", imports: "experiments/atomicfile experiments/compare experiments/gate experiments/history experiments/result experiments/validate report/comparisons report/encode report/gates report/page report/results report/scans report/terminal report/trends report/validations report/words", tests: "experiments/gate/bypass experiments/gate/statement experiments/inert experiments/plan experiments/scan injectors/injectortest/chromium injectors/injectortest/required"},

		{name: "experiments/run/live", imports: "experiments/endpoint experiments/journal experiments/plan experiments/progress experiments/result report/live", tests: "experiments injectors/injectortest/chromium"},

		{name: "experiments/run/internal/injectorset", imports: "experiments experiments/journal experiments/plan experiments/redact experiments/run/engine experiments/run/journey experiments/run/journey/httpclient injectors injectors/command injectors/configfile injectors/fleet injectors/toxiproxy"},
		{name: "experiments/run/cleanup", imports: "experiments experiments/atomicfile experiments/filelock experiments/inert experiments/journal experiments/plan experiments/run/engine experiments/run/internal/injectorset experiments/run/internal/usage injectors injectors/command injectors/configfile injectors/fleet injectors/manual injectors/toxiproxy", tests: "experiments/run/systemtest experiments/waiting injectors/injectortest/dnsserver injectors/proxy"},
		{name: "experiments/run/embedded", imports: "experiments experiments/atomicfile experiments/hosts experiments/listening experiments/plan experiments/redact experiments/run/internal/injectorset experiments/run/internal/usage experiments/run/supervise injectors/proxy"},
		{name: "experiments/run/standing", imports: "experiments experiments/atomicfile experiments/hosts experiments/inert experiments/listening experiments/run/internal/usage injectors/proxy injectors/proxy/metrics injectors/toxiproxy", tests: "experiments/loopback"},
		{name: "experiments/run", imports: "experiments experiments/atomicfile experiments/figures experiments/history experiments/hosts experiments/inert experiments/journal experiments/plan experiments/redact experiments/result experiments/run/alerts experiments/run/check experiments/run/cleanup experiments/run/engine experiments/run/generator experiments/run/internal/injectorset experiments/run/internal/usage experiments/run/journey experiments/run/notify experiments/run/preflight experiments/run/prometheus experiments/run/traffic experiments/scan injectors injectors/command injectors/configfile injectors/fleet injectors/toxiproxy", tests: "experiments/loopback experiments/run/systemtest experiments/waiting injectors/injectortest/stock injectors/proxy"},
		{name: "experiments/faulttest/documents", imports: "experiments experiments/faulttest experiments/journal experiments/plan experiments/result experiments/run"},
		{name: "experiments/run/stop", imports: "experiments experiments/atomicfile experiments/inert experiments/journal experiments/redact experiments/result experiments/run/cleanup experiments/run/engine experiments/run/internal/usage injectors/fleet injectors/toxiproxy", tests: "experiments/plan experiments/run experiments/run/systemtest experiments/waiting injectors/injectortest/stock injectors/proxy"},

		{name: "cmd/blastgauge/internal/live", imports: "experiments experiments/figures experiments/inert experiments/journal experiments/plan experiments/progress experiments/result report/results report/terminal report/words", tests: "injectors"},
		{name: "cmd/blastgauge/internal/usage", imports: "experiments/shape"},
		{name: "cmd/blastgauge/internal/exit", imports: "cmd/blastgauge/internal/usage experiments/result experiments/run experiments/run/engine"},
		{name: "cmd/blastgauge/internal/receivers", imports: "cmd/blastgauge/internal/exit cmd/blastgauge/internal/usage experiments experiments/result experiments/run/notify"},
		{name: "cmd/blastgauge/internal/runs", imports: "cmd/blastgauge/internal/usage experiments/compare experiments/history experiments/result experiments/run report"},
		{name: "cmd/blastgauge/internal/offers", imports: "experiments"},
		{name: "cmd/blastgauge/internal/scanning", imports: "cmd/blastgauge/internal/offers cmd/blastgauge/internal/runs cmd/blastgauge/internal/usage experiments/atomicfile experiments/findings experiments/history experiments/plan experiments/result experiments/scan experiments/shape"},
		{name: "cmd/blastgauge/internal/signals", imports: "experiments/run experiments/run/engine"},
		{name: "cmd/blastgauge/internal/gameday", imports: "cmd/blastgauge/internal/usage experiments/figures experiments/inert experiments/journal experiments/plan experiments/run", tests: "experiments"},
		{name: "cmd/blastgauge/internal/version"},
		{name: "cmd/blastgauge/internal/author"},
		{name: "cmd/blastgauge/internal/browser"},
		{name: "cmd/blastgauge/internal/livepage", imports: "cmd/blastgauge/internal/browser cmd/blastgauge/internal/usage experiments/plan experiments/run experiments/run/live"},
		{name: "cmd/blastgauge/internal/output", imports: "cmd/blastgauge/internal/browser cmd/blastgauge/internal/live cmd/blastgauge/internal/usage experiments/atomicfile experiments/figures experiments/result experiments/run report"},
		{name: "cmd/blastgauge/internal/ending", imports: "cmd/blastgauge/internal/exit cmd/blastgauge/internal/output cmd/blastgauge/internal/signals experiments/result experiments/run experiments/run/preflight report/results report/scans report/terminal"},
		{name: "cmd/blastgauge/internal/statements", imports: "cmd/blastgauge/internal/ending cmd/blastgauge/internal/usage experiments/atomicfile experiments/compare experiments/filelock experiments/gate/attempts experiments/gate/policy experiments/gate/signing experiments/gate/statement experiments/plan experiments/result experiments/run experiments/shape"},
		{name: "cmd/blastgauge/internal/approval", imports: "cmd/blastgauge/internal/statements cmd/blastgauge/internal/usage experiments experiments/atomicfile experiments/figures experiments/gate/bypass experiments/gate/policy experiments/gate/requirements experiments/gate/signing experiments/gate/statement experiments/inert experiments/plan experiments/result experiments/shape report report/encode"},
		{name: "cmd/blastgauge/internal/gating", imports: "cmd/blastgauge/internal/ending cmd/blastgauge/internal/output cmd/blastgauge/internal/statements cmd/blastgauge/internal/usage experiments experiments/atomicfile experiments/figures experiments/gate experiments/gate/attempts experiments/gate/change experiments/gate/served experiments/gate/smallest experiments/gate/statement experiments/history experiments/plan experiments/redact experiments/result experiments/run report", tests: "cmd/blastgauge/internal/exit experiments/journal experiments/run/engine experiments/run/systemtest"},
		{name: "cmd/blastgauge/internal/demo", imports: "cmd/blastgauge/internal/live cmd/blastgauge/internal/livepage cmd/blastgauge/internal/usage examples/checkout experiments experiments/atomicfile experiments/compare experiments/figures experiments/filelock experiments/inert experiments/loopback experiments/plan experiments/result experiments/run injectors/proxy injectors/toxiproxy report report/scans report/terminal report/words"},
		{name: "cmd/blastgauge/internal/serving", imports: "cmd/blastgauge/internal/statements cmd/blastgauge/internal/usage experiments/gate/policy experiments/gate/requirements experiments/gate/signing experiments/gate/verdicts experiments/shape", tests: "experiments/gate/statement"},
		{name: "cmd/blastgauge/internal/incidents", imports: "cmd/blastgauge/internal/usage examples/incidents experiments experiments/figures experiments/inert experiments/shape report report/encode report/terminal", tests: "cmd/blastgauge/internal/demo examples/checkout experiments/plan experiments/result experiments/run injectors/injectortest/required"},
		{name: "cmd/blastgauge/internal/documents", imports: "cmd/blastgauge/internal/usage experiments/figures experiments/inert experiments/result report report/words"},
		{name: "cmd/blastgauge", imports: "*"},
		{name: "cmd/measure", imports: "*"},
		{name: "cmd/image", imports: "experiments/atomicfile", tests: "experiments/result injectors/injectortest/required"},

		// Modules of their own, because of what their tests need.
		{name: "examples/kubernetes", tests: "experiments"},
		{name: "examples/kubernetes/scale"},
		{name: "examples/gate", tests: "experiments/gate/requirements experiments/gate/signing experiments/gate/statement experiments/gate/verdicts experiments/result"},
		{name: "examples/compose/shop", imports: "examples/checkout"},
		{name: "examples/tests", tests: "examples/checkout experiments/run/standing injectors/injectortest/required injectors/injectortest/stock"},
		{name: "examples/compose", tests: "experiments experiments/loopback experiments/result"},
	}
}

// owners names, for each third-party module, the one room that imports it, and
// those whose tests do. An example is a program of its own, as its reader's
// system is, and brings what it likes.
func owners() map[string]room {
	return map[string]room{
		"github.com/Shopify/toxiproxy/v2":          {name: "injectors/proxy", tests: "injectors/injectortest/stock"}, // the unchanged server that ours is compared with
		"al.essio.dev/pkg/shellescape":             {name: "injectors/manual"},
		"github.com/prometheus/client_golang":      {tests: "injectors/proxy/metrics"}, // what ours is compared with, as are the next two
		"github.com/prometheus/client_golang/api":  {tests: "experiments/run/prometheus"},
		"github.com/prometheus/common":             {tests: "experiments/run/prometheus"},
		"github.com/prometheus/procfs":             {name: "injectors/proxy/metrics"},
		"golang.org/x/sys/unix":                    {name: "injectors/proxy/metrics"},
		"github.com/spf13/cobra":                   {name: "cmd/blastgauge"},
		"github.com/valyala/quicktemplate":         {name: "report/template"}, // its tests compile the templates
		"github.com/mattn/go-runewidth":            {name: "report/terminal"},
		"github.com/vbauerster/mpb/v8":             {name: "cmd/blastgauge/internal/live"},
		"golang.org/x/term":                        {name: "cmd/blastgauge/internal/live"},
		"github.com/hashicorp/go-multierror":       {name: "experiments/shape"},
		"go.yaml.in/yaml/v3":                       {name: "experiments/yamlnode", tests: "cmd/blastgauge injectors/badconfig"},
		"github.com/theory/jsonpath":               {name: "experiments/jsonpath"},
		"github.com/getkin/kin-openapi":            {name: "experiments/scaffold/openapi"},
		"github.com/gowebpki/jcs":                  {name: "experiments/gate/statement"},
		"github.com/go-json-experiment/json":       {name: "experiments/jsonpath"},
		"github.com/google/go-containerregistry":   {name: "cmd/image"},
		"github.com/google/shlex":                  {name: "experiments/scaffold/chaostoolkit"},
		"github.com/google/uuid":                   {name: "experiments/run/journey"},
		"github.com/valyala/fasthttp":              {name: "experiments/run/journey/httpclient"},
		"golang.org/x/net/dns/dnsmessage":          {name: "injectors/injectortest/dnsserver"},
		"golang.org/x/net/netutil":                 {name: "experiments/gate/verdicts"},
		"golang.org/x/net/http2":                   {tests: "injectors/gateway"},
		"golang.org/x/net/http2/hpack":             {name: "injectors/gateway/http", tests: "injectors/gateway"},
		"golang.org/x/net/html":                    {tests: "report report/live"},
		"golang.org/x/net/html/charset":            {name: "experiments/run/journey/httpclient"},
		"golang.org/x/net/idna":                    {name: "experiments/site"},
		"golang.org/x/net/publicsuffix":            {name: "experiments/run/journey/cookies"},
		"golang.org/x/text":                        {name: "experiments/run/journey/httpclient"}, // what the charsets of x/net are, and UTF-32
		"github.com/aymanbagabas/go-udiff":         {name: "experiments/compare"},
		"gonum.org/v1/gonum":                       {tests: "experiments/stats experiments/stats/distributions"}, // its distributions and matrices bring LAPACK along
		"gonum.org/v1/gonum/mathext":               {name: "experiments/stats/distributions"},                    // what Student's t, the binomial and the gamma distribution are made of
		"github.com/jackc/pgx/v5/pgproto3":         {name: "injectors/gateway/postgres", tests: "injectors/gateway"},
		"github.com/jackc/pgx/v5":                  {name: "experiments/run/check", tests: "experiments/faulttest injectors/gateway"},
		"github.com/go-sql-driver/mysql":           {name: "experiments/run/check"},
		"modernc.org/sqlite":                       {name: "experiments/run/check"},
		"github.com/andybalholm/brotli":            {name: "injectors/gateway/http", tests: "injectors/gateway"}, // what documents are compressed with, as is the next one
		"github.com/klauspost/compress":            {name: "injectors/gateway/http", tests: "injectors/gateway"},
		"github.com/santhosh-tekuri/jsonschema/v6": {tests: "cmd/measure experiments experiments/gate/statement experiments/run/generator experiments/run/notify report"},
		"github.com/chromedp/chromedp":             {name: "cmd/measure", tests: "cmd/blastgauge experiments/run/live injectors/injectortest/chromium report"},
		"github.com/chromedp/cdproto":              {name: "cmd/measure", tests: "cmd/blastgauge experiments/run/live report"},
		"github.com/yuin/goldmark":                 {tests: "cmd/blastgauge report"},
		"github.com/rs/zerolog":                    {tests: "injectors/injectortest/stock"},
		"github.com/rogpeppe/go-internal":          {tests: "cmd/blastgauge"},
		"github.com/redis/go-redis/v9":             {tests: "experiments/faulttest injectors/gateway"},
	}
}

// isTestRoom: such rooms are imported by tests alone, whatever their files are called, and
// by cmd/measure, which is a test that takes too long for go test.
func isTestRoom(name string) bool { return strings.HasPrefix(name, "injectors/injectortest") }

func isExample(name string) bool { return strings.HasPrefix(name, "examples/") }

// An imported is one import of a file.
type imported struct {
	room, name string
	test       bool
}

// imports lists what the files of every room import.
func imports(t *testing.T) []imported {
	t.Helper()
	var list []imported
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
		dir, err := filepath.Rel("../..", filepath.Dir(file))
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
			from := filepath.ToSlash(dir)
			list = append(list, imported{from, name, strings.HasSuffix(file, "_test.go") || isTestRoom(from)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	table := rooms()
	at := func(name string) int { return slices.IndexFunc(table, func(r room) bool { return r.name == name }) }
	used, found := map[string]bool{}, map[string]bool{}
	for _, i := range imports(t) {
		from := at(i.room)
		if from < 0 {
			t.Errorf("%s stands in no row of the table", i.room)
			continue
		}
		found[i.room] = true
		to, ours := strings.CutPrefix(i.name, module)
		if !ours || to == i.room {
			continue
		}
		used[i.room+" "+to] = true
		if isTestRoom(to) && !i.test && i.room != "cmd/measure" {
			t.Errorf("%s imports %s, which is for tests", i.room, to)
		}
		switch row := table[from]; {
		case at(to) >= from:
			t.Errorf("%s imports %s, which is not below it", i.room, to)
		case row.imports == "*" || slices.Contains(strings.Fields(row.imports), to):
		case !i.test || !slices.Contains(strings.Fields(row.tests), to):
			t.Errorf("%s must not import %s: its row does not name it", i.room, to)
		}
	}
	for _, r := range table {
		if !found[r.name] {
			t.Errorf("there is no room %s", r.name)
		}
		for to := range strings.FieldsSeq(r.imports + " " + r.tests) {
			if to != "*" && !used[r.name+" "+to] {
				t.Errorf("%s does not import %s: the row says more than is true", r.name, to)
			}
		}
	}
}

func TestEveryModuleHasOneImporter(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, i := range imports(t) {
		if !strings.Contains(strings.SplitN(i.name, "/", 2)[0], ".") || strings.HasPrefix(i.name, module) || isExample(i.room) {
			continue
		}
		m, owner := ownerOf(i.name)
		used[m] = true
		if i.room != owner.name && (!i.test || !slices.Contains(strings.Fields(owner.tests), i.room)) {
			t.Errorf("%s imports %s, whose one importer is %q", i.room, i.name, owner.name)
		}
	}
	for m := range owners() {
		if !used[m] {
			t.Errorf("nobody imports %s", m)
		}
	}
}

// ownerOf returns the longest listed module that holds a package.
func ownerOf(name string) (module string, owner room) {
	all := owners()
	for m := name; m != "." && m != "/"; m = path.Dir(m) {
		if r, ok := all[m]; ok {
			return m, r
		}
	}
	return name, room{}
}

// cutters are calls that shorten a text.
var cutters = regexp.MustCompile(`strings\.ToValidUTF8\(|io\.LimitReader\(|%\+?#?\.\d+[qsv]`)

// Rooms that read what a system under test says have no way to cut it but the one that
// hides secrets first.
func TestOneRoomCutsWhatASystemSays(t *testing.T) {
	t.Parallel()
	// What is read up to a bound and is refused when it is longer is not cut; neither is
	// a text of a document.
	allowed := []string{"io.LimitReader(resp.Body, maxAnswer+1)", `"%.60q: %w", source`}
	for _, room := range []string{"experiments/run/check", "experiments/run/journey", "experiments/run/journey/httpclient", "experiments/run/embedded", "experiments/run/internal/injectorset", "injectors/command", "injectors/toxiproxy"} {
		files, err := filepath.Glob(filepath.Join("../..", room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", room, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if cutters.MatchString(line) && !strings.HasSuffix(file, "_test.go") && !slices.ContainsFunc(allowed, func(a string) bool { return strings.Contains(line, a) }) {
					t.Errorf("%s cuts by itself, and not with experiments/redact: %s", file, strings.TrimSpace(line))
				}
			}
		}
	}
}
