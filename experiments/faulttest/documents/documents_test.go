package documents_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/faulttest"
	"github.com/blastgauge/blastgauge/experiments/faulttest/documents"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// ofSomebody is set in a process whose tests are those of somebody else: they fail.
const ofSomebody = "DOCUMENTS_OF_SOMEBODY"

// newShop starts a shop that needs payments, and does without mail.
func newShop(t *testing.T, mail bool) documents.Options {
	t.Helper()
	nothing := func() string {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(s.Close)
		return s.URL
	}
	o := documents.Options{Behind: []*faulttest.Dependency{faulttest.Proxy(t, "payments", nothing()), faulttest.Proxy(t, "mail", nothing())}}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		for i, d := range o.Behind {
			if i == 1 && !mail {
				continue
			}
			answer, err := http.Post(d.URL, "text/plain", http.NoBody)
			if err == nil {
				_ = answer.Body.Close()
			}
			if i == 0 && (err != nil || answer.StatusCode != http.StatusOK) {
				w.WriteHeader(http.StatusBadGateway)
			}
		}
	}))
	t.Cleanup(shop.Close)
	o.URL, o.Set = shop.URL, []string{"invariants[0].request=GET " + shop.URL + "/twice"}
	return o
}

const system = "testdata/blastgauge.yaml"

func TestHeld(t *testing.T) {
	t.Parallel()
	o := newShop(t, true)
	o.Dir = filepath.Join(t.TempDir(), "kept")
	o.AllowInconclusive = true // where the machine is so busy that traffic is lost
	out := documents.Run(t, system, "testdata/experiments/mail-down.yaml", o)
	e := out.Result.Experiments[0]
	if e.ID != "mail-down" || e.Verdict != result.Held && e.Verdict != result.Inconclusive {
		t.Errorf("%s %s: %v", e.ID, e.Verdict, e.Reasons)
	}
	if c := o.Behind[1].Counts(); c.Requests == 0 {
		t.Errorf("mail counted %+v", c)
	}
	if again, err := result.Load(o.Dir); err != nil || again.Experiments[0].Verdict != e.Verdict {
		t.Errorf("what stays of the run: %v, %v", again, err)
	}
}

// The tests of somebody: they fail.
func TestOfSomebody(t *testing.T) {
	if os.Getenv(ofSomebody) == "" {
		t.Skip("it fails, as TestSubtests wants it to")
	}
	t.Run("refuted", func(t *testing.T) {
		t.Parallel()
		documents.Run(t, system, "payments-fail", newShop(t, true))
	})
	t.Run("unmet", func(t *testing.T) {
		t.Parallel()
		documents.Run(t, system, "mail-down", newShop(t, false))
	})
	t.Run("mistaken", func(t *testing.T) {
		t.Parallel()
		o := newShop(t, true)
		o.Set = append(o.Set, "journeys.checkout.rate=fast")
		documents.Run(t, system, "mail-down", o)
	})
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		documents.Run(t, system, "mail-up", newShop(t, true))
	})
}

// ofSomebodyRun runs the tests of somebody, and returns what they printed.
func ofSomebodyRun(t *testing.T) []byte {
	t.Helper()
	run := exec.Command(os.Args[0], "-test.run=^TestOfSomebody$", "-test.v", "-test.parallel=4")
	run.Env = append(os.Environ(), ofSomebody+"=1")
	out, err := run.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Fatalf("%v:\n%s", err, out)
	}
	return out
}

// Each criterion is a sub-test, and so is the verdict.
func TestSubtests(t *testing.T) {
	t.Parallel()
	out := ofSomebodyRun(t)
	for again := 1; again < 5 && bytes.Contains(out, []byte("traffic was late")); again++ { // this machine is busy
		out = ofSomebodyRun(t)
	}
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^\s*--- (\w+): TestOfSomebody/(\S+)`).FindAllStringSubmatch(string(out), -1) {
		got = append(got, line[2]+" "+line[1])
	}
	slices.Sort(got)
	want := []string{
		"mistaken FAIL",
		"refuted FAIL", "refuted/payments-fail FAIL",
		"refuted/payments-fail/blast_radius_of_checkout FAIL", "refuted/payments-fail/invariant_no_order_twice PASS", "refuted/payments-fail/verdict FAIL",
		"unknown FAIL",
		"unmet FAIL", "unmet/mail-down FAIL",
		"unmet/mail-down/blast_radius_of_checkout SKIP", "unmet/mail-down/invariant_no_order_twice SKIP", "unmet/mail-down/verdict FAIL",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sub-tests\n%s\nwant\n%s\nof\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), out)
	}
	for _, says := range []string{"refuted: ", "invalid: fault not exercised", "--set journeys.checkout.rate=fast", "mail-up"} {
		if !strings.Contains(string(out), says) {
			t.Errorf("nothing says %q in\n%s", says, out)
		}
	}
}
