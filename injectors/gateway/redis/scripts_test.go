package redis

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// heapAfter returns how many bytes are held after the work.
func heapAfter(work func() any) int64 {
	held := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := held()
	kept := work()
	grown := held() - before
	runtime.KeepAlive(kept)
	return grown
}

// A client decides how long its scripts are and how many calls stand in them. What is
// remembered of each is no more for that.
func TestWhatIsRememberedOfAScriptIsSmall(t *testing.T) { // not parallel: it measures the heap
	const scripts, most = 200, 1 << 10 // bytes each
	for name, script := range map[string]func(i int) string{
		"calls":                  func(i int) string { return fmt.Sprintf("--%d\n", i) + strings.Repeat("redis.call('get')\n", 3000) },
		"whatever may be called": func(i int) string { return fmt.Sprintf("--%d\n", i) + strings.Repeat("_G ", 20_000) },
		"a long declared one":    func(i int) string { return fmt.Sprintf("#!lua flags=no-writes\n--%d", i) + strings.Repeat("x", 60_000) },
		"flags":                  func(i int) string { return "#!lua flags=" + strings.Repeat("a,", 20_000) + fmt.Sprint(i) },
	} {
		grown := heapAfter(func() any {
			s := NewScripts()
			for i := range scripts {
				s.learn([]byte(script(i)))
			}
			if len(s.scripts) != scripts {
				t.Errorf("%s: %d scripts are remembered", name, len(s.scripts))
			}
			return s
		})
		if grown > scripts*most {
			t.Errorf("%s: %d bytes a script", name, grown/scripts)
		}
	}
	grown := heapAfter(func() any {
		s := NewScripts()
		for i := range scripts {
			s.learnLibrary([]byte(fmt.Sprintf("redis.register_function{function_name='f%d', flags={", i) + strings.Repeat("'a',", 10_000) + "}}"))
		}
		if len(s.functions) != scripts {
			t.Errorf("%d functions are remembered", len(s.functions))
		}
		return s
	})
	if grown > scripts*most {
		t.Errorf("functions: %d bytes each", grown/scripts)
	}
}

// Clients that write their values into their scripts bring new ones without end.
func TestScriptsWithoutEnd(t *testing.T) {
	t.Parallel()
	s := NewScripts()
	for i := range 2*maxPrograms + 10 {
		s.learn(fmt.Append(nil, "return ", i))
		s.learnLibrary(fmt.Appendf(nil, "redis.register_function('f%d', f)", i))
		if len(s.scripts) > maxPrograms || len(s.functions) > maxPrograms {
			t.Fatalf("%d scripts and %d functions are remembered", len(s.scripts), len(s.functions))
		}
	}
	s.learnLibrary(fmt.Appendf(nil, "redis.register_function('%s', f)", strings.Repeat("n", maxName+1)))
	if p := s.function([]byte("f" + fmt.Sprint(2*maxPrograms+9))); !p.writing().found {
		t.Error("a function that declares nothing may write")
	}
	for name := range s.functions {
		if len(name) > maxName {
			t.Errorf("a name of %d bytes is remembered", len(name))
		}
	}
}

// A script that is too long to be looked at may do anything, and bringing one to the
// server does nothing yet.
func TestScriptsThatAreTooLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(" ", maxScript) + "return 1"
	const refused = "blastgauge.fault."
	for _, c := range []struct {
		command []string
		passes  bool
	}{
		{[]string{"EVAL", "return 1", "0"}, true},
		{[]string{"EVAL", long, "0"}, false},
		{[]string{"SCRIPT", "LOAD", long}, true},
		{[]string{"EVAL", long[len(long)-100:], "0"}, true},
	} {
		readOnly := fault(t, "redis_error", 1, `{'error':'READONLY'}`)
		got, _ := passed(active(readOnly), []byte(encode(c.command...)), 1<<20)
		if passes := !strings.Contains(string(got), refused); passes != c.passes {
			t.Errorf("%.20q of %d bytes passes: %t", c.command[:2], len(encode(c.command...)), passes)
		}
	}
	s := NewScripts()
	s.learnLibrary([]byte("redis.register_function{function_name='f', flags={'no-writes'}}"))
	if s.function([]byte("f")).writing().found {
		t.Fatal("a function that declares that it does not write is said to")
	}
	if s.unseenOf(&command{fullName: "FUNCTION LOAD"}) != nil || !s.function([]byte("f")).writing().found {
		t.Error("a library that nobody has looked at may have replaced the function")
	}
}
