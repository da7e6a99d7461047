package checkout

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"text/template"
)

// documentFiles are the documents that a user of blastgauge would write for this shop.
// blastgauge.yaml is a template, because the ports change; the experiments use names
// only and need no template.
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
		if isTemplate {
			if text, err = fill(name, string(text), data); err != nil {
				return err
			}
		}
		files[name] = string(text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	return files, nil
}

func fill(name, text string, data systemData) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}
