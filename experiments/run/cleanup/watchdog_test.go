package cleanup

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A diary records what a supervisor does, and when.
type diary struct {
	began   time.Time
	acts    []string
	removed error // the result of a removal
}

func (d *diary) write(act string) {
	d.acts = append(d.acts, act+" "+time.Since(d.began).String())
}

func (d *diary) supervisor() *supervisor {
	return &supervisor{
		fence:   func(string) error { d.write("fence"); return nil },
		remove:  func(context.Context) error { d.write("remove"); return d.removed },
		cleanUp: func(context.Context) error { d.write("clean up"); return nil },
	}
}

func TestSupervise(t *testing.T) {
	type say struct {
		after time.Duration
		what  string // empty: the end of the line
	}
	const second = time.Second
	for name, tt := range map[string]struct {
		removed error
		said    []say
		want    []string
	}{
		"shut down":               {nil, []say{{second, "."}, {second, "!"}}, nil},
		"shut down late":          {nil, []say{{2900 * time.Millisecond, "."}, {2900 * time.Millisecond, "!"}}, nil},
		"killed":                  {nil, []say{{second, "."}, {second, ""}}, []string{"clean up 2s"}},
		"killed at once":          {nil, []say{{0, ""}}, []string{"clean up 0s"}},
		"stopped, then killed":    {nil, []say{{second, "."}, {9 * second, ""}}, []string{"fence 4.2s", "remove 4.2s", "clean up 10s"}},
		"stopped, then goes on":   {nil, []say{{second, "."}, {9 * second, "...."}, {second, "!"}}, []string{"fence 4.2s", "remove 4.2s"}},
		"goes on, then is killed": {nil, []say{{9 * second, "."}, {second, ""}}, []string{"fence 3.2s", "remove 3.2s", "clean up 10s"}},
		"removes until it is done": {errors.New("503"), []say{{second, "."}, {5500 * time.Millisecond, ""}},
			[]string{"fence 4.2s", "remove 4.2s", "remove 5.2s", "remove 6.2s", "clean up 6.5s"}},
		"both stood still": {nil, []say{{3100 * time.Millisecond, "."}, {second, "!"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &diary{began: time.Now(), removed: tt.removed}
				line, run := io.Pipe()
				go func() {
					for _, s := range tt.said {
						time.Sleep(s.after)
						if s.what == "" {
							run.Close()
							return
						}
						io.WriteString(run, s.what)
					}
					run.Close()
				}()
				if err := d.supervisor().supervise(t.Context(), line); err != nil {
					t.Errorf("supervise() = %v", err)
				}
				if !slices.Equal(d.acts, tt.want) {
					t.Errorf("it did %q, want %q", d.acts, tt.want)
				}
				io.Copy(io.Discard, line)
			})
		})
	}
}

// A fence that cannot be put up is tried again, and faults are removed without it.
func TestSuperviseRemovesWithoutAFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{began: time.Now()}
		s := d.supervisor()
		fences := 0
		s.fence = func(string) error {
			if fences++; fences < 3 {
				return errors.New("no space left on device")
			}
			return nil
		}
		line, run := io.Pipe()
		time.AfterFunc(20*time.Second, func() { run.Close() })
		if err := s.supervise(t.Context(), line); err != nil {
			t.Errorf("supervise() = %v", err)
		}
		if want := []string{"remove 3.2s", "remove 4.4s", "remove 5.6s", "clean up 20s"}; !slices.Equal(d.acts, want) || fences != 3 {
			t.Errorf("it did %q after %d fences, want %q", d.acts, fences, want)
		}
	})
}
