package hosts

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// listen accepts connections on a loopback port and counts nothing: a test only
// asks whether it was reached.
func listen(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestDialContext(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(listen(t, "tcp", "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		policy  Policy
		host    string
		refused bool
	}{
		"loopback address":                    {Policy{}, "127.0.0.1", false},
		"localhost":                           {Policy{}, "localhost", false},
		"name that is not listed":             {Policy{}, "shop.example", true},
		"address that is not listed":          {Policy{}, "192.0.2.1", true},
		"unspecified address is not loopback": {Policy{}, "0.0.0.0", true},
		"listed name stays as it was listed":  {NewPolicy("", []string{"shop.example"}), "other.example", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Dialer{Policy: tt.policy, Timeout: 10 * time.Second}.DialContext(t.Context(), "tcp", net.JoinHostPort(tt.host, port))
			if errors.Is(err, ErrRefused) != tt.refused || (err != nil) != tt.refused {
				t.Fatalf("DialContext(%s) = %v, want refused: %t", tt.host, err, tt.refused)
			}
			if c != nil {
				_ = c.Close()
			}
		})
	}
}

// TestDialContextChecksTheAddress makes a name that is allowed by its form lead
// away from this machine: the address is refused although the name is not.
func TestDialContextChecksTheAddress(t *testing.T) {
	resolver := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = resolver })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: answering(t, net.IPv4(192, 0, 2, 7))}
	_, err := Dialer{Timeout: 10 * time.Second}.DialContext(t.Context(), "tcp", "shop.test:80")
	if !errors.Is(err, ErrRefused) {
		t.Errorf("DialContext(shop.test, which leads to 192.0.2.7) = %v, want a refusal", err)
	}
	if err := (Policy{}).CheckHost(t.Context(), "shop.test"); !errors.Is(err, ErrRefused) {
		t.Errorf("CheckHost(shop.test) = %v, want a refusal", err)
	}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: answering(t, net.IPv4(127, 0, 0, 1))}
	if err := (Policy{}).CheckHost(t.Context(), "shop.test"); err != nil {
		t.Errorf("CheckHost(shop.test, which leads to 127.0.0.1) = %v", err)
	}
}

// answering is the dial function of a resolver that gives every name one address.
func answering(t *testing.T, ip net.IP) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			if _, err := server.WriteTo(answer(question[:n], ip.To4()), from); err != nil {
				return
			}
		}
	}()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}
}

// answer writes a DNS answer (RFC 1035, 4.1): the address for a question of type
// A, and no record for any other.
func answer(question []byte, ip net.IP) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	isA := question[end-4] == 0 && question[end-3] == 1
	out := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	if isA {
		out[7] = 1
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		out = append(out, ip...)
	}
	return out
}

func TestDialContextReachesSockets(t *testing.T) {
	t.Parallel()
	c, err := Dialer{}.DialContext(t.Context(), "unix", listen(t, "unix", filepath.Join(t.TempDir(), "s")))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestDialContextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:1"); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("DialContext() = %v after the context ended", err)
	}
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "192.0.2.1": false, "localhost.example": false, "shop.test": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %t, want %t", host, got, want)
		}
	}
}
