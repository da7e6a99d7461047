package demo

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// lockFile is in the folder of the documents, and locked as long as an environment runs.
const lockFile = ".blastgauge/demo.lock"

// claim takes a folder for an environment until Close: another one that runs there would be
// led astray by our documents, and we by its. It writes nothing into a folder that holds
// documents of others.
func (e *Environment) claim(dir string, withPostgres bool) error {
	outlines, err := checkout.DocumentOutlines(withPostgres)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	e.root = root
	if _, _, err := survey(root, outlines); err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(lockFile), 0o777); err != nil {
		return err
	}
	if e.lock, err = atomicfile.AppendIn(root, lockFile, 0o600); err != nil {
		return err
	}
	free, err := filelock.TryLock(e.lock)
	if err == nil && !free {
		err = usage.Errorf("another demo serves %s: end it, or name another folder", dir)
	}
	return err
}

// writeDocuments writes the documents of the shop, and the schemas that they name in
// their first lines.
func (e *Environment) writeDocuments(listen map[string]string, toxiproxyURL string) error {
	documents, err := e.shop.Documents(listen, toxiproxyURL)
	if err != nil {
		return err
	}
	f := folder{e.root, atomicfile.RewriteIn}
	if e.Kept, err = f.update(documents, e.addresses(listen, toxiproxyURL)); err != nil {
		return err
	}
	schemas := map[string]string{}
	for _, kind := range []experiments.Kind{experiments.SystemKind, experiments.ExperimentKind} {
		schema, err := experiments.Schema(kind)
		if err != nil {
			return err
		}
		schemas[".blastgauge/schema/"+string(kind)+".json"] = string(schema)
	}
	return f.write(schemas)
}

// addresses are those that stand in the documents.
func (e *Environment) addresses(listen map[string]string, toxiproxyURL string) map[string]string {
	list := map[string]string{"shop": e.shop.URL(), "control": e.shop.ControlURL(), "toxiproxy": toxiproxyURL}
	for _, d := range e.shop.Dependencies() {
		list["listen "+d.Name], list["upstream "+d.Name] = listen[d.Name], d.Upstream
	}
	return list
}

// Served tells in lines of text what runs, and where.
func (e *Environment) Served(storefront string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "shop      %s (%s storefront; the control route is %s)\nfiles     %s\n", e.URL(), storefront, e.ControlURL(), e.root.Name())
	for _, name := range e.Kept {
		fmt.Fprintf(&text, "kept      %s as you changed it, but for the addresses\n", filepath.Join(e.root.Name(), name))
	}
	fmt.Fprintf(&text, "try       blastgauge run -f %s payments-down\nready\n", e.SystemFile)
	return text.String()
}
