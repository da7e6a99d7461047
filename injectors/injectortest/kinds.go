package injectortest

import (
	"fmt"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// A kind is a fault, and a check of what a client sees of it. Lower bounds are a little
// below what was asked for, because clocks differ. There are no upper bounds, because
// machines are busy.
type kind struct {
	name       string
	inject     string
	attributes injectors.Attributes
	met        func(*scene) error
}

func (k kind) fault() experiments.Fault {
	return experiments.Fault{Inject: k.inject, Attributes: k.attributes, Share: 1}
}

func kinds() []kind {
	return []kind{
		{"latency", "latency", injectors.Attributes{"latency": 0.1}, late},
		{"down", "down", nil, refused},
		{"timeout", "timeout", nil, hangs},
		{"timeout that ends", "timeout", injectors.Attributes{"timeout": 0.1}, endsAfterTimeout},
		{"reset_peer", "reset_peer", nil, reset},
		{"bandwidth", "bandwidth", injectors.Attributes{"rate": 100_000.0}, throttled},
		{"slow_close", "slow_close", injectors.Attributes{"delay": 0.15}, endsLate},
		{"slicer", "slicer", injectors.Attributes{"average_size": 64.0, "size_variation": 32.0, "delay": 0.005}, sliced},
		{"limit_data", "limit_data", injectors.Attributes{"bytes": 1000.0}, limited},
	}
}

func atLeast(a attempt, took time.Duration) error {
	if a.err != nil {
		return a.err
	}
	if a.took < took {
		return fmt.Errorf("an exchange took %v, want at least %v", a.took, took)
	}
	return nil
}

// late checks that every answer on a new connection is late.
func late(s *scene) error {
	c := s.dial()
	for range 2 {
		if err := atLeast(c.fetch(100, patience), 95*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// refused checks that no client gets an answer.
func refused(s *scene) error {
	for range 3 {
		if a := s.fetch(100); !a.cut() {
			return fmt.Errorf("an exchange ended with %w after %d bytes, want it refused", a.err, a.got)
		}
	}
	return nil
}

// hangs checks that the connection opens and nothing comes.
func hangs(s *scene) error {
	if a := s.dial().fetch(100, 200*time.Millisecond); !a.hung() || a.got > 0 {
		return fmt.Errorf("an exchange ended with %w after %d bytes, want it to hang", a.err, a.got)
	}
	return nil
}

func endsAfterTimeout(s *scene) error {
	if a := s.fetch(100); !a.cut() || a.got > 0 || a.took < 95*time.Millisecond {
		return fmt.Errorf("an exchange ended with %w after %d bytes and %v, want it cut after 100ms", a.err, a.got, a.took)
	}
	return nil
}

func reset(s *scene) error {
	if a := s.fetch(100); !a.cut() {
		return fmt.Errorf("an exchange ended with %w after %d bytes, want a reset", a.err, a.got)
	}
	return nil
}

// throttled checks a rate: 30 kB at 100 kB/s take 300 ms, less a first burst.
func throttled(s *scene) error {
	return atLeast(s.fetch(30_000), 150*time.Millisecond)
}

// endsLate checks that the end comes late, and the answer before it. A client that stands
// still for a moment meets both at once, and asks again.
func endsLate(s *scene) error {
	var a attempt
	for range 20 {
		if a = s.dial().last(100); a.err != nil {
			return a.err
		}
		if a.end < 140*time.Millisecond {
			break
		}
		if a.took <= a.end-100*time.Millisecond {
			return nil
		}
	}
	return fmt.Errorf("the answer came after %v and the end after %v, want the end 150ms late", a.took, a.end)
}

// sliced checks the delay between pieces: 2,000 bytes are at least 20 pieces of at most 96.
func sliced(s *scene) error {
	return atLeast(s.fetch(2000), 90*time.Millisecond)
}

// limited checks that data up to the limit gets through, and that the rest is cut.
func limited(s *scene) error {
	c := s.dial()
	if a := c.fetch(400, patience); a.err != nil {
		return a.err
	}
	if a := c.fetch(5000, patience); !a.cut() || a.got != 600 {
		return fmt.Errorf("an exchange ended with %w after %d bytes, want it cut after 600", a.err, a.got)
	}
	return nil
}

// upstream checks that a fault on requests delays them and is read back as such.
func upstream(t *testing.T, target Target) {
	s := newScene(t, target, experiments.Fault{Inject: "latency", Attributes: injectors.Attributes{"latency": 0.1}, Share: 1, Stream: experiments.Upstream})
	s.inject()
	s.wantPresent()
	asked := s.fault
	s.fault.Stream = experiments.Downstream
	s.wantAbsent()
	s.fault = asked
	if err := atLeast(s.fetch(100), 95*time.Millisecond); err != nil {
		t.Error(err)
	}
	s.revert()
	s.normal()
}

// share checks that a share of 50% affects some of 60 connections and not others. Fewer
// than 10 or more than 50 happen once in ten million times.
func share(t *testing.T, target Target) {
	s := newScene(t, target, experiments.Fault{Inject: "limit_data", Attributes: injectors.Attributes{"bytes": 10.0}, Share: 0.5})
	s.inject()
	s.wantPresent()
	cut := 0
	for range 60 {
		if a := s.fetch(100); a.cut() {
			cut++
		} else if a.err != nil {
			t.Fatal(a.err)
		}
	}
	if cut < 10 || cut > 50 {
		t.Errorf("%d of 60 connections were cut at a share of 50%%", cut)
	}
	s.revert()
	s.normal()
}
