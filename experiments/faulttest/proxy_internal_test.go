package faulttest

import (
	"net/url"
	"testing"
)

// Whatever the upstream, the proxy gets no login of it, and the URL at another address is
// the same but for that.
func FuzzSplit(f *testing.F) {
	for _, upstream := range []string{"127.0.0.1:1", "redis://:secret@127.0.0.1:1/2", "postgresql://me:se%40cret@[::1]:1/db?sslmode=prefer&a=b", "http://%zz", "://", "h2c://x#y", ""} {
		f.Add(upstream)
	}
	f.Fuzz(func(t *testing.T, upstream string) {
		bare, at := split(upstream)
		here := at("127.0.0.1:9")
		before, err := url.Parse(upstream)
		if err != nil || before.Scheme == "" || before.Host == "" {
			if bare != upstream || here != "127.0.0.1:9" {
				t.Errorf("%q: %q and %q", upstream, bare, here)
			}
			return
		}
		if parsed, err := url.Parse(bare); err != nil || parsed.User != nil || parsed.Path != "" || parsed.Host != before.Host {
			t.Errorf("%q: the proxy gets %q, %v", upstream, bare, err)
		}
		if parsed, err := url.Parse(here); err != nil || parsed.Host != "127.0.0.1:9" || parsed.Path != before.Path || parsed.RawQuery != before.RawQuery {
			t.Errorf("%q: at another address %q, %v", upstream, here, err)
		}
	})
}
