package fleet_test

import (
	"errors"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A block is put on every server of a name, and on each that answers where another one does
// not.
func TestABlockOfMany(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	r.name(0, 1, 2)
	f := fleet.New(fleet.Options{System: r.system(), AnyHost: true})
	for _, row := range f.Statuses(shortly(t)) {
		if row.Err != nil || row.Block != nil || row.Run != "" || row.Kind != toxiproxy.KindOurs {
			t.Errorf("%+v before anything", row)
		}
	}
	if err := r.servers[2].Close(); err != nil {
		t.Fatal(err)
	}
	blocked := 0
	rows := f.Block(shortly(t), "ann", "incident 4711")
	for _, row := range rows {
		if row.Err == nil && row.Block != nil && row.Block.By == "ann" {
			blocked++
		}
	}
	if len(rows) != 3 || blocked != 2 {
		t.Errorf("%d of %d servers are blocked, want those 2 of 3 that answer: %+v", blocked, len(rows), rows)
	}
	b, ok := errors.AsType[*toxiproxy.BlockedError](f.Blocked(shortly(t)))
	if !ok || b.By != "ann" {
		t.Errorf("Blocked() = %v", b)
	}
	lifted := 0
	for _, row := range f.Unblock(shortly(t)) {
		if row.Err == nil && row.Block != nil {
			lifted++
		}
	}
	if err := f.Blocked(shortly(t)); lifted != 2 || err != nil {
		t.Errorf("%d blocks are lifted, and Blocked() = %v", lifted, err)
	}
}

// Of two servers that a run needs, one that is blocked is enough, and none is reserved.
func TestOneBlockedServerIsEnough(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	old, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	s := &experiments.System{Dependencies: []experiments.Dependency{
		{Name: "payments", Toxiproxy: []string{r.url(0)}}, {Name: "carts", Toxiproxy: []string{old.URL()}},
	}}
	if _, err := toxiproxy.New(toxiproxy.Options{URL: old.URL()}).SetBlock(t.Context(), "ann", "incident 4711"); err != nil {
		t.Fatal(err)
	}
	f := fleet.New(fleet.Options{System: s})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = f.Acquire(t.Context(), testRun)
	if b, ok := errors.AsType[*toxiproxy.BlockedError](err); !ok || b.URL != old.URL() || !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("Acquire() = %v", err)
	}
	for _, row := range f.Statuses(t.Context()) {
		if row.Run != "" || row.Err != nil {
			t.Errorf("after a run that was refused: %+v", row)
		}
	}
}
