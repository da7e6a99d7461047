package words

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{ShellWord("a-b/c.yaml"), "a-b/c.yaml"}, {ShellWord("it's"), `'it'\''s'`}, {ShellWord("-f"), "-f"}, {ShellWord("baseline=20s,fault=30s"), "baseline=20s,fault=30s"}, {ShellWord(""), "''"}, {ShellWord("é"), "'é'"},
		{Verdict(result.NotRun), "not run"},
		{Recovery(nil), ""}, {Recovery(&result.Recovery{Seconds: 56}), "56 s"}, {Recovery(&result.Recovery{Seconds: 30, Censored: true, Metastable: true}), "> 30 s"},
		{Recovery(&result.Recovery{Seconds: 30, Censored: true, Harmed: 4}), "> 4 s"}, {Recovery(&result.Recovery{Seconds: 30, Censored: true}), "unknown"},
		{Recovery(&result.Recovery{Unharmed: true}), "no harm"}, {RecoveryCell(&result.Recovery{Unharmed: true}), "no harm"},
		{RecoveryCell(&result.Recovery{Unharmed: true, Worse: true}), "worse"}, {RecoveryCell(&result.Recovery{SystemHarmed: true}), "not back"},
		{Excess(&result.BlastRadius{Control: "contaminated", Estimate: 0.3, Low: 0.2478, High: 0.4431}), "≥24.7%"},
		{Excess(&result.BlastRadius{Control: "contaminated", Low: -0.01, High: 0.3426}), "≤34.3%"},
		{BracketedAmount(result.Amount{Estimate: 3, Low: 2.5, High: 4.5}, "checkouts"), "at least 2 and at most 5 checkouts"},
		{RecoveryCell(nil), "–"}, {RecoveryCell(&result.Recovery{}), "at once"},
		{Digest("sha256:5e2a7dce7aa115cd1371"), "sha256:5e2a7dce7aa1"}, {Digest("short"), "short"}, {Commit("0123456789abcdef"), "0123456789"}, {Commit("abc"), "abc"},
		{Place("checkout", "staging"), "checkout on staging"}, {Place("", "staging"), "staging"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
