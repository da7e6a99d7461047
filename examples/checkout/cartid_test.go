package checkout

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSignedCart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newCartSigner()
	c := cart{SKU: "A-17", Price: 1250, Quantity: 2, Payment: payByCard, Total: 2975, Promise: "2026-03-08", Filled: now}
	id, err := s.sign(c)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		signer cartSigner
		id     string
		at     time.Time
		ok     bool
	}{
		"as signed":          {s, id, now, true},
		"just young enough":  {s, id, now.Add(cartLife), true},
		"too old":            {s, id, now.Add(cartLife + time.Second), false},
		"cheaper":            {s, "x" + id, now, false},
		"without signature":  {s, strings.Split(id, ".")[0], now, false},
		"another shop's":     {newCartSigner(), id, now, false},
		"signed but no cart": {s, "e30x." + s.mac("e30x"), now, false},
	}
	for name, tt := range tests {
		got, err := tt.signer.open(tt.id, tt.at)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, errNoCart) {
			t.Errorf("%s: %v, want ok = %v", name, err, tt.ok)
		}
		if tt.ok && (got.Total != c.Total || got.SKU != c.SKU) {
			t.Errorf("%s: %v, want %v", name, got, c)
		}
	}
}

func FuzzCartID(f *testing.F) {
	s := newCartSigner()
	f.Add("e30.AAAA")
	f.Add(".")
	f.Fuzz(func(t *testing.T, id string) {
		if _, err := s.open(id, time.Now()); err == nil {
			t.Fatalf("%q was accepted, and never signed", id)
		}
	})
}
