package loopback

import (
	"errors"
	"net"
	"strconv"
	"testing"
)

// A reserved port is nobody else's: no other reservation and no server takes it, though
// nothing listens there. Its holder can listen, stop and listen again.
func TestReservedPorts(t *testing.T) {
	t.Parallel()
	free, err := Reserve(20)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	seen := make(map[string]bool)
	for _, a := range free.Addresses() {
		host, text, err := net.SplitHostPort(a)
		port, _ := strconv.Atoi(text)
		if err != nil || host != "127.0.0.1" || port < firstPort || port > lastPort || seen[a] {
			t.Errorf("address %q: %v, seen %v", a, err, seen[a])
		}
		seen[a] = true
		if l, err := listenAt(t.Context(), a); !errors.Is(err, errTaken) {
			t.Errorf("a server took %s, which is reserved: %v, %v", a, l, err)
		}
		if held, err := reserve(a); err == nil {
			t.Errorf("%s was reserved twice", a)
			_ = held.Close()
		}
		for range 2 {
			l, err := net.Listen("tcp", a)
			if err != nil {
				t.Fatal(err)
			}
			if held, err := reserve(a); err == nil {
				t.Errorf("%s was reserved, where a server listens", a)
				_ = held.Close()
			}
			_ = l.Close()
		}
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	for a := range seen {
		if l, err := listenAt(t.Context(), a); err == nil {
			_ = l.Close()
			return // one is proof enough: another process may have taken some
		}
	}
	t.Error("no port can be taken after Close")
}
