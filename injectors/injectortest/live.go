package injectortest

import (
	"fmt"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// live tests what faults do to a connection that was open before them, such as those of
// a connection pool.
func live(t *testing.T, target Target) {
	for name, tt := range map[string]struct {
		inject     string
		attributes injectors.Attributes
		meets      func(*scene, conn)
	}{
		"latency":    {"latency", injectors.Attributes{"latency": 0.1}, slowedAndFreed},
		"timeout":    {"timeout", nil, hangsUntilRevert},
		"down":       {"down", nil, isCut},
		"reset_peer": {"reset_peer", nil, isCut},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, target, experiments.Fault{Inject: tt.inject, Attributes: tt.attributes, Share: 1})
			c := s.dial()
			if a := c.fetch(100, patience); a.err != nil {
				t.Fatal(a.err)
			}
			s.inject()
			tt.meets(s, c)
			s.revert()
			s.wantAbsent()
			s.normal()
		})
	}
}

// slowedAndFreed checks that the connection is slow under the fault, and survives it.
func slowedAndFreed(s *scene, c conn) {
	if err := atLeast(c.fetch(100, patience), 95*time.Millisecond); err != nil {
		s.Error(err)
	}
	s.revert()
	s.eventually(func() error {
		a := c.fetch(100, patience)
		if a.err != nil {
			s.Fatalf("the connection did not outlive the fault: %v", a.err)
		}
		if a.took > quick {
			return fmt.Errorf("an exchange on the same connection took %v", a.took)
		}
		return nil
	})
}

// hangsUntilRevert checks that nothing comes under the fault, and that its removal ends the
// waiting: with the answer, or with the end of the connection.
func hangsUntilRevert(s *scene, c conn) {
	if a := c.fetch(100, 200*time.Millisecond); !a.hung() || a.got > 0 {
		s.Errorf("an exchange ended with %v after %d bytes, want it to hang", a.err, a.got)
	}
	waited := make(chan attempt, 1)
	go func() { waited <- c.fetch(100, bound) }()
	s.revert()
	if a := <-waited; a.hung() {
		s.Errorf("the connection still hung %v after the removal", a.took)
	}
}

// isCut checks that the connection ends and no answer comes.
func isCut(s *scene, c conn) {
	if a := c.fetch(100, patience); !a.cut() || a.got > 0 {
		s.Errorf("an exchange ended with %v after %d bytes, want the connection cut", a.err, a.got)
	}
}
