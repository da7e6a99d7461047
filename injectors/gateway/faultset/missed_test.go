package faultset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPathsAreFoldedToTheirKind(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/charge":                      "/charge",
		"/":                            "/",
		"/api/v1/orders/4711":          "/api/v1/orders/{id}",
		"/orders/A-17/lines":           "/orders/A-17/lines",
		"/orders/ORD-2026117":          "/orders/{id}",
		"/users/ada@shop.example/cart": "/users/{id}/cart",
		"/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9": "/reset/{id}",
		"/s/550e8400-e29b-41d4-a716-446655440000":     "/s/{id}",
		"/s/deadbeefcafedeadbeefcafe0":                "/s/{id}",
		"/charges?token=secret":                       "/charges",
		"/a%20b/c":                                    "/{id}/c",
		"/a:b=c/\x1b[31m":                             "/{id}/{id}",
		"/shop.payments.v1.Payments/Charge":           "/shop.payments.v1.Payments/Charge",
		"/api/oauth2/token":                           "/api/oauth2/token",
		"/\xff\xfe":                                   "/{id}",
	} {
		if got := FoldPath([]byte(path)); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// The memory of a fault does not grow with what clients send: neither with how much, nor
// with how many kinds.
func TestMissedIsBounded(t *testing.T) {
	t.Parallel()
	var m missed
	for i := range 10_000 {
		m.add("POST /charge")
		m.add(fmt.Sprintf("%d %s", i, strings.Repeat("é", 5000)))
		if i%2 == 0 {
			m.add("GET /health")
		}
	}
	m.add("")
	if len(m.kinds) > mostKinds {
		t.Errorf("%d kinds", len(m.kinds))
	}
	most := m.most()
	if len(most) != shownKinds || most[0] != (Missed{"POST /charge", 10_000}) || most[1] != (Missed{"GET /health", 5000}) {
		t.Errorf("most = %.200v", most)
	}
	for _, k := range most {
		if len(k.What) > longest || !utf8.ValidString(k.What) {
			t.Errorf("a kind of %d bytes: %q", len(k.What), k.What)
		}
	}
	if !slices.IsSortedFunc(most, func(a, b Missed) int { return int(b.Count - a.Count) }) {
		t.Errorf("not in order: %v", most)
	}
}

// Whatever clients send, what is kept of it is short, printable and valid.
func FuzzFoldPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/1", "/\x00", "//", "/ä/ö?x", strings.Repeat("/a", 1000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		folded := FoldPath(path)
		var m missed
		m.add("GET " + folded)
		for _, k := range m.most() {
			if len(k.What) > longest || !utf8.ValidString(k.What) || strings.ContainsFunc(k.What, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q is kept as %q", path, k.What)
			}
		}
	})
}
