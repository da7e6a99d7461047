package checkout

import (
	"embed"
	"fmt"
	"io/fs"
	"net"
	"strings"
)

// documentFiles are the documents that a user of blastgauge would write for this shop.
// blastgauge.yaml is a template, because the ports change: @{name} marks what is filled in,
// as ${name} is the documents' own. The experiments use names only and need no template.
//
//go:embed documents
var documentFiles embed.FS

// systemData fills documents/blastgauge.yaml.tmpl.
type systemData struct {
	Toxiproxy, URL, ControlURL, Payments string
	Orders                               string // empty: orders are in memory and need no invariant
	Dependencies                         []listedDependency
}

type listedDependency struct {
	Dependency
	Listen string
}

// Documents returns the files that describe this shop to blastgauge: the
// system, blastgauge.yaml, and experiments/*.yaml, by slash-separated relative
// name. listen is where the proxy of each dependency listens, as host:port by
// name; all must be there. toxiproxyURL is the proxy server's API, or "" for
// one embedded in the run.
func (s *System) Documents(listen map[string]string, toxiproxyURL string) (map[string]string, error) {
	data := systemData{Toxiproxy: toxiproxyURL, URL: s.URL(), ControlURL: s.ControlURL()}
	if data.Toxiproxy == "" {
		data.Toxiproxy = "embedded"
	}
	for _, d := range s.Dependencies() {
		address := listen[d.Name]
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf("listen address of %s: %w", d.Name, err)
		}
		if d.Name == "payments" {
			data.Payments = d.Upstream
		}
		data.Dependencies = append(data.Dependencies, listedDependency{d, address})
	}
	// The invariants ask the orders service of the control route, which reaches the
	// database without a proxy.
	if s.database != nil {
		data.Orders = s.control.orders.server.url()
	}
	return render(data)
}

// DocumentOutlines returns the documents of a shop that need not run: what
// [System.Documents] returns, but without addresses and dependencies. A shop with a
// PostgreSQL has more of them.
func DocumentOutlines(withPostgres bool) (map[string]string, error) {
	var data systemData
	if withPostgres {
		data.Orders = "http://" + ordersDB
	}
	return render(data)
}

func render(data systemData) (map[string]string, error) {
	files := make(map[string]string)
	err := fs.WalkDir(documentFiles, "documents", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := documentFiles.ReadFile(path)
		if err != nil {
			return err
		}
		name, isTemplate := strings.CutSuffix(strings.TrimPrefix(path, "documents/"), ".tmpl")
		if strings.Contains(name, ordersDB) && data.Orders == "" {
			return nil // it is about a dependency that this shop does not have
		}
		files[name] = string(text)
		if isTemplate {
			files[name] = data.fill(files[name])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	return files, nil
}

// fill puts what is known of a shop in the place of the marks. Marks that stand for any
// number of lines have a line of their own.
func (d systemData) fill(text string) string {
	return strings.NewReplacer(
		"@{toxiproxy}", d.Toxiproxy,
		"@{url}", d.URL,
		"@{control_url}", d.ControlURL,
		"@{payments}", d.Payments,
		"@{dependencies}\n", d.dependencyLines(),
		"@{orders_invariant}\n", d.ordersInvariant(),
	).Replace(text)
}

func (d systemData) dependencyLines() string {
	var b strings.Builder
	for _, dep := range d.Dependencies {
		fmt.Fprintf(&b, "  %s: {listen: \"%s\", upstream: \"%s\", criticality: %s, owner: %s}\n", dep.Name, dep.Listen, dep.Upstream, dep.Criticality, dep.Owner)
	}
	return b.String()
}

// ordersInvariant is empty where orders are in memory.
func (d systemData) ordersInvariant() string {
	if d.Orders == "" {
		return ""
	}
	return `  # Asked on the control route: its orders service reaches PostgreSQL directly.
  - name: ordered at most once
    broken_means: orders are kept twice
    request: GET ` + d.Orders + `/orders/duplicates?since=${started}
    expect: {status: 200, json: {"$.count": 0}}
    keys: "$.keys[*]"
    within: 2s
`
}
