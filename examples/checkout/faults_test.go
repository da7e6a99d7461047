package checkout

import (
	"net/http"
	"testing"
	"time"
)

// outcome is where a checkout stops, and with which status.
type outcome struct {
	step   string
	status int
}

func (o outcome) String() string {
	if o.step == "" {
		return "works"
	}
	if o.status == hung {
		return o.step + " hangs"
	}
	return o.step + " answers " + http.StatusText(o.status)
}

// TestFaults is the table of the package comment: what each build does when one
// dependency refuses connections, or takes requests and never answers.
func TestFaults(t *testing.T) {
	t.Parallel()
	works := outcome{"", 201}
	type row struct{ naiveRefused, naiveHung, hardenedRefused, hardenedHung outcome }
	tests := map[string]row{
		"catalogue":       {outcome{"browse", 502}, outcome{"browse", hung}, works, works},
		"carts":           {outcome{"cart", 502}, outcome{"cart", hung}, works, works},
		"pricing":         {outcome{"cart", 502}, outcome{"cart", hung}, outcome{"cart", 502}, outcome{"cart", 504}},
		"settings":        {outcome{"cart", 502}, outcome{"cart", hung}, works, works},
		"inventory":       {outcome{"pay", 502}, outcome{"pay", hung}, outcome{"pay", 502}, outcome{"pay", 504}},
		"orders":          {outcome{"pay", 502}, outcome{"pay", hung}, outcome{"pay", 502}, outcome{"pay", 504}},
		"payments":        {outcome{"pay", 502}, outcome{"pay", hung}, works, works},
		"recommendations": {works, outcome{"product", hung}, works, works},
		"mail":            {outcome{"pay", 502}, outcome{"pay", hung}, works, works},
		"reviews":         {works, works, works, works},
	}
	for _, d := range directory() {
		want, ok := tests[d.name]
		if !ok {
			t.Errorf("%s: nobody says what happens without it", d.name)
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			tryFault(t, Naive, d.name, refused, want.naiveRefused)
			tryFault(t, Naive, d.name, hang, want.naiveHung)
			tryFault(t, Hardened, d.name, refused, want.hardenedRefused)
			tryFault(t, Hardened, d.name, hang, want.hardenedHung)
		})
	}
	t.Run("carts reset", func(t *testing.T) {
		t.Parallel()
		tryFault(t, Naive, "carts", reset, outcome{"cart", 502})
		tryFault(t, Hardened, "carts", reset, works)
	})
}

func tryFault(t *testing.T, build, dependency string, m mode, want outcome) {
	t.Helper()
	s, wires := openShop(t, build, dependency)
	// Warm is what a shop is when a fault hits it: connections are pooled, and
	// the hardened build has seen good days.
	newCustomer(t, s.URL(), patient).works(bySKUCard)
	wires[dependency].set(m)
	var got outcome
	if want.status == hung {
		got.step, got.status = checkoutThatHangs(t, s.URL(), want.step)
	} else {
		_, got = newCustomer(t, s.URL(), patient).until(build, bySKUCard, func(_ receipt, o outcome) bool { return o == want })
	}
	if got != want {
		t.Errorf("%s, %s %s: %v, want %v", build, dependency, m, got, want)
	}
	control := newCustomer(t, s.ControlURL(), patient)
	if build == Hardened {
		control.works(bySKUCard)
		return
	}
	if _, step, status := control.checkout(bySKUCard); step != "" {
		t.Errorf("%s, %s %s: control route: %v, want it to work", build, dependency, m, outcome{step, status})
	}
}

// isDeferred is an order that is paid later.
func isDeferred(r receipt, got outcome) bool { return got.step == "" && r.Payment == payDeferred }

// until makes checkouts until one is as it should be. The naive build has one: the hardened
// one loses its patience on a machine that stands still, and finds it again.
func (c *customer) until(build, sku string, good func(receipt, outcome) bool) (r receipt, got outcome) {
	c.t.Helper()
	for range 4 {
		r, got.step, got.status = c.checkout(sku)
		if build == Naive || good(r, got) {
			break
		}
		time.Sleep(300 * time.Millisecond)
	}
	return r, got
}

// Payments that are gone harm a share of the checkouts, not all.
func TestInvoicesNeedNoPayments(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Naive, "payments")
	wires["payments"].set(refused)
	c := newCustomer(t, s.URL(), patient)
	works := 0
	for _, p := range assortment() {
		if _, step, _ := c.checkout(p.SKU); step == "" {
			works++
		}
	}
	if works != 4 {
		t.Errorf("%d of 16 products can be bought, want the 4 on invoice", works)
	}
}

// A charge whose answer is lost is charged again by the naive build, and must
// not be by the hardened one.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	since := "?since=" + time.Now().UTC().Format(time.RFC3339Nano)
	t.Run(Naive, func(t *testing.T) {
		t.Parallel()
		s, wires := openShop(t, Naive, "payments")
		wires["payments"].set(lose)
		if _, step, status := newCustomer(t, s.URL(), patient).checkout(bySKUCard); step != "pay" || status != 502 {
			t.Errorf("stopped at %q with %d, want pay with 502", step, status)
		}
		payments := newCustomer(t, upstreamOf(t, s, "payments"), patient)
		var f finding
		payments.send("GET", "/ledger/duplicates"+since, nil, &f)
		if f.Count != 1 || len(f.Keys) != 1 {
			t.Fatalf("duplicates = %v, want the one order", f)
		}
		var made map[string]int
		payments.send("GET", "/ledger/orders/"+f.Keys[0], nil, &made)
		if made["charges"] != 1+naiveRetries {
			t.Errorf("charged %d times, want %d", made["charges"], 1+naiveRetries)
		}
	})
	t.Run(Hardened, func(t *testing.T) {
		t.Parallel()
		s, wires := openShop(t, Hardened, "payments")
		wires["payments"].set(lose)
		r, got := newCustomer(t, s.URL(), patient).until(Hardened, bySKUCard, isDeferred)
		if !isDeferred(r, got) {
			t.Fatalf("%v, paid %q, want a deferred payment", got, r.Payment)
		}
		before := wires["payments"].answered.Load()
		wires["payments"].set(pass)
		payments := newCustomer(t, upstreamOf(t, s, "payments"), patient)
		eventually(t, "capture", func() bool { return wires["payments"].answered.Load() > before })
		var f finding
		if payments.send("GET", "/ledger/duplicates"+since, nil, &f); f.Count != 0 {
			t.Errorf("duplicates = %v, want none", f)
		}
	})
}

// Hanging payments that are released cut what waits: the naive build, which
// never noticed that its customer left, charges a second time.
func TestReleasedHangChargesTwice(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Naive, "payments")
	wires["payments"].set(hang)
	if step, status := checkoutThatHangs(t, s.URL(), "pay"); step != "pay" || status != hung {
		t.Fatalf("stopped at %q with %d, want pay to hang", step, status)
	}
	wires["payments"].set(pass)
	payments := newCustomer(t, upstreamOf(t, s, "payments"), patient)
	eventually(t, "a second charge", func() bool {
		var f finding
		payments.send("GET", "/ledger/duplicates", nil, &f)
		return f.Count == 1
	})
}

// Deferred payments are captured, each exactly once, when payments are back.
func TestDeferredPaymentsAreCaptured(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Hardened, "payments")
	wires["payments"].set(refused)
	c := newCustomer(t, s.URL(), patient)
	var ids []string
	for range 15 { // more than opens the breaker
		r, got := c.until(Hardened, bySKUCard, isDeferred)
		if !isDeferred(r, got) {
			t.Fatalf("%v, paid %q, want deferred", got, r.Payment)
		}
		ids = append(ids, r.ID)
	}
	if sent := s.fault.storefront.counters.calls["payments"].Load(); sent > 20 {
		t.Errorf("%d charges were sent for 15 orders: the breaker did not open", sent)
	}
	wires["payments"].set(pass)
	payments := newCustomer(t, upstreamOf(t, s, "payments"), patient)
	for _, id := range ids {
		var made map[string]int
		eventually(t, "capture of "+id, func() bool {
			payments.send("GET", "/ledger/orders/"+id, nil, &made)
			return made["charges"] > 0
		})
		if made["charges"] != 1 {
			t.Errorf("%s was charged %d times", id, made["charges"])
		}
	}
	eventually(t, "payment by card", func() bool {
		r, _, _ := c.checkout(bySKUCard)
		return r.Payment == payByCard
	})
}

// What a customer sends twice is one order, in the hardened build.
func TestRepeatedOrderIsOne(t *testing.T) {
	t.Parallel()
	s, _ := openShop(t, Hardened)
	c := newCustomer(t, s.URL(), patient)
	var f filled
	c.send("POST", "/carts", line{bySKUCard, 1}, &f)
	var first, second, other receipt
	c.send("POST", "/orders", purchase{Cart: f.ID}, &first, "Idempotency-Key", "k-1")
	c.send("POST", "/orders", purchase{Cart: f.ID}, &second, "Idempotency-Key", "k-1")
	c.send("POST", "/orders", purchase{Cart: f.ID}, &other, "Idempotency-Key", "k-2")
	if first != second || first.ID == other.ID || first.ID == "" {
		t.Errorf("orders %v, %v and with another key %v", first, second, other)
	}
	var made map[string]int
	newCustomer(t, upstreamOf(t, s, "payments"), patient).send("GET", "/ledger/orders/"+first.ID, nil, &made)
	if made["charges"] != 1 {
		t.Errorf("charged %d times, want once", made["charges"])
	}
}

// Mail that could not be sent is sent later.
func TestMailIsSentLater(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Hardened, "mail")
	wires["mail"].set(refused)
	r := newCustomer(t, s.URL(), patient).works(bySKUCard)
	wires["mail"].set(pass)
	mail := newCustomer(t, upstreamOf(t, s, "mail"), patient)
	eventually(t, "mail", func() bool { return mail.send("GET", "/messages/"+r.ID, nil, nil) == http.StatusOK })
}
