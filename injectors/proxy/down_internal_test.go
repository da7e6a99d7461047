//go:build linux

package proxy

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// A port that cannot be opened again is no dependency that is back: the toxic stays, and
// who removes it is told.
func TestAPortThatCannotBeOpenedAgain(t *testing.T) {
	t.Parallel()
	s := started(t)
	address := put(t, s, "x", "127.0.0.1:0", "127.0.0.1:1")
	p, err := s.find("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.addToxic(p, []byte(`{"name":"gone","type":"down","blastgauge":{"run":"r"}}`)); err != nil {
		t.Fatal(err)
	}
	// Somebody takes the port in the moment in which both could have it.
	if err := p.port.control(func(fd int) error { return setReuse(fd, 1) }); err != nil {
		t.Fatal(err)
	}
	thief, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	for what, remove := range map[string]func() error{
		"the toxic": func() error { return p.removeToxic("gone") },
		"the run":   func() error { return s.removeRun("r") },
		"all":       func() error { _, err := p.removeToxics(func(*toxic) bool { return true }); return err },
		"by a list": func() error {
			return s.Populate([]byte(`[{"name":"x","listen":"` + address + `","upstream":"127.0.0.1:1","toxics":[{"type":"noop"}]}]`))
		},
	} {
		if err := remove(); !errors.Is(err, syscall.EADDRINUSE) || asAPIError(err).Status != http.StatusInternalServerError || !strings.Contains(err.Error(), "toxic down stays") {
			t.Errorf("%s removed: %v", what, err)
		}
		if v := p.view(); len(v.Toxics) != 1 || !v.Toxics[0].Extras.Refusing {
			t.Errorf("after %s the server shows %+v", what, v)
		}
	}
	if err := thief.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.removeToxic("gone"); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
