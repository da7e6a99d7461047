package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistake about credentials must not show them.
func TestMistakesDoNotShowCredentials(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"toxiproxy: http://admin:s3cret@127.0.0.1:8474",
		"url: https://tök:s3cret@shop.test",
		"dependencies: {pg: {upstream: 'postgres://s3cret@127.0.0.1:5432'}}",
		"invariants: [{name: x, sql: SELECT 1, dsn: 'root:s3cret@tcp(db.test:3306)/*@'}]",
		"invariants:\n- name: x\n  sql: SELECT 1\n  dsn: 'user=*@ password=s3cret'",
	} {
		file := filepath.Join(t.TempDir(), "blastgauge.yaml")
		if err := os.WriteFile(file, []byte("version: 1\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Load(file, nil)
		text := Explain(err)
		if err == nil || strings.Contains(text+err.Error(), "s3cret") {
			t.Errorf("%s: %v\n%s", line, err, text)
		}
		if !strings.Contains(text, "*@") && !strings.Contains(text, "dsn: ***") {
			t.Errorf("%s: the place is not shown:\n%s", line, text)
		}
	}
}
