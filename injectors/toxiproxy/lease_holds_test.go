package toxiproxy_test

import (
	"testing"

	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Both kinds of server say whether a run still has its lease.
func TestHolds(t *testing.T) {
	t.Parallel()
	ours, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	old, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	for name, url := range map[string]string{"blastgauge": ours.URL(), "stock": old.URL()} {
		d := toxiproxy.New(toxiproxy.Options{URL: url})
		release, err := d.Acquire(t.Context(), "20261129t120000z-holds1")
		if err != nil {
			t.Fatal(err)
		}
		for run, want := range map[string]bool{"20261129t120000z-holds1": true, "20261129t120000z-other1": false} {
			if held, err := d.Holds(t.Context(), run); err != nil || held != want {
				t.Errorf("%s: Holds(%s) = %t, %v", name, run, held, err)
			}
		}
		if err := release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if held, err := d.Holds(t.Context(), "20261129t120000z-holds1"); err != nil || held {
			t.Errorf("%s: Holds() = %t, %v after the release", name, held, err)
		}
	}
}
