package hosts

import (
	"errors"
	"net/netip"
	"testing"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	p := NewPolicy("shop/blastgauge.yaml", []string{"shop.staging.example", "*.internal", "10.4.0.0/16", "fd00::/8"})
	tests := map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "shop.test": true, "a.b.TEST.": true,
		"shop.staging.example": true, "SHOP.staging.example.": true, "payments.internal": true, "a.b.internal": true,
		"10.4.255.1": true, "::ffff:10.4.0.1": true, "fd00::7": true, "::ffff:127.0.0.1": true,
		"test": false, "internal": false, "shop.example": false, "x.shop.staging.example": false, "10.5.0.1": false, "0.0.0.0": false,
		"169.254.169.254": false, "fe80::1": false, "evil-internal": false, "localhost.example": false, "": false,
	}
	for host, want := range tests {
		err := p.CheckName(host)
		if (err == nil) != want || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("CheckName(%q) = %v, want allowed: %t", host, err, want)
		}
	}
}

func TestCheckAddr(t *testing.T) {
	t.Parallel()
	p := NewPolicy("", []string{"shop.example", "10.4.0.0/16"})
	tests := map[string]struct {
		host, addr string
		want       bool
	}{
		"localhost stays here":         {"localhost", "127.0.0.1", true},
		"test name stays here":         {"shop.test", "::1", true},
		"mapped loopback":              {"shop.test", "::ffff:127.0.0.1", true},
		"test name leads away":         {"shop.test", "93.184.216.34", false},
		"localhost leads away":         {"localhost", "192.168.0.1", false},
		"test name to a listed net":    {"shop.test", "10.4.1.1", true},
		"listed name leads anywhere":   {"shop.example", "93.184.216.34", true},
		"listed address":               {"10.4.1.1", "10.4.1.1", true},
		"other address":                {"10.5.1.1", "10.5.1.1", false},
		"unspecified is not loopback":  {"shop.test", "0.0.0.0", false},
		"mapped address in listed net": {"x.test", "::ffff:10.4.3.2", true},
	}
	for name, tt := range tests {
		err := p.CheckAddr(tt.host, netip.MustParseAddr(tt.addr))
		if (err == nil) != tt.want || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: CheckAddr(%q, %s) = %v, want allowed: %t", name, tt.host, tt.addr, err, tt.want)
		}
	}
}
