package checkout

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files below testdata")

// What a shop says of itself, to the byte, and which documents come with it.
func TestDocumentsToTheByte(t *testing.T) {
	t.Parallel()
	shop := systemData{
		Toxiproxy: "embedded", URL: "http://127.0.0.1:20001", ControlURL: "http://127.0.0.1:20002", Payments: "http://127.0.0.1:20003",
		Dependencies: []listedDependency{
			{Dependency{"payments", "http://127.0.0.1:20003", "hard", "team-payments"}, "127.0.0.1:21003"},
			{Dependency{"carts", "redis://127.0.0.1:20004", "soft", "team-shop"}, "127.0.0.1:21004"},
		},
	}
	standing, postgres := shop, shop
	standing.Toxiproxy = "http://127.0.0.1:8474"
	postgres.Orders = "http://127.0.0.1:20005"
	postgres.Dependencies = append(slices.Clone(shop.Dependencies), listedDependency{Dependency{ordersDB, "postgres://127.0.0.1:5432?sslmode=verify-full", "hard", "team-orders"}, "127.0.0.1:21006"})
	rendered := func(data systemData) func() (map[string]string, error) {
		return func() (map[string]string, error) { return render(data) }
	}
	for name, c := range map[string]struct {
		documents func() (map[string]string, error)
		postgres  bool
	}{
		"embedded":         {rendered(shop), false},
		"standing":         {rendered(standing), false},
		"postgres":         {rendered(postgres), true},
		"outline":          {func() (map[string]string, error) { return DocumentOutlines(false) }, false},
		"outline_postgres": {func() (map[string]string, error) { return DocumentOutlines(true) }, true},
	} {
		files, err := c.documents()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "documents", name+".yaml"), files["blastgauge.yaml"])
		for _, file := range slices.Sorted(maps.Keys(files)) {
			if strings.Contains(file, ordersDB) && !c.postgres {
				t.Errorf("%s: %s is about a dependency that this shop does not have", name, file)
			}
			if source, err := documentFiles.ReadFile("documents/" + file); file != "blastgauge.yaml" && (err != nil || string(source) != files[file]) {
				t.Errorf("%s: %s is not the file: %v", name, file, err)
			}
		}
		if got, want := len(files), map[bool]int{false: 22, true: 27}[c.postgres]; got != want {
			t.Errorf("%s: %d files, want %d", name, got, want)
		}
	}
}

// golden compares text with a file, or writes it with -update.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with: go test -update)", err)
	}
	if text != string(want) {
		t.Errorf("%s differs (rewrite with: go test -update)\n%s", file, text)
	}
}
