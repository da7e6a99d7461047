package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/report"
)

func TestPagesWithASiblingAndForPaper(t *testing.T) {
	run, out := fixtureRun(t, "suite", nil), t.TempDir()
	page := filepath.Join(out, "compare.html")
	code, _, err := invoke(t, "compare", run, fixtureRun(t, "suite", worse), "-o", "html="+page, "--assets=sibling", "--print=all")
	if code != 3 {
		t.Fatalf("exit %d, want 3: %s", code, err)
	}
	html, style := read(t, page), read(t, filepath.Join(out, output.StyleFile))
	if !strings.Contains(html, `<link rel="stylesheet" href="`+output.StyleFile+`">`) || strings.Contains(html, "<style>") {
		t.Errorf("the page has styles of its own: %.300s", html)
	}
	if !strings.Contains(html, `<body class="everything">`) {
		t.Error("--print=all leaves something folded")
	}
	if style != report.StyleSheet() {
		t.Errorf("the style sheet is %.80q", style)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPageFlagsNeedAPage(t *testing.T) {
	for _, tt := range []struct{ args, says string }{
		{"--assets=sibling", "write one with -o html=PATH"},
		{"--assets=sibling -o html", "write one with -o html=PATH"},
		{"--print=all -o md", "write one with -o html=PATH"},
		{"--assets=cdn -o html=x", "inline or sibling"},
		{"--print=some -o html=x", "refuted or all"},
	} {
		for _, command := range []string{"report nowhere", "compare nowhere nowhere"} {
			code, _, err := invoke(t, strings.Fields(command+" "+tt.args)...)
			if code != 2 || !strings.Contains(err, tt.says) {
				t.Errorf("%s %s: exit %d, %q, want exit 2 and %q", command, tt.args, code, err, tt.says)
			}
		}
	}
}
