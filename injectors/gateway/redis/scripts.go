package redis

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A program is what is known of a script or of a function.
type program struct {
	name     string // in errors: a script's digest
	declared bool   // it says what it does, by flags, as all functions do
	flags    []string
	calls    []call // of a script that declares nothing
}

// unseen is a script whose text never came by: it may do anything.
func unseen(name string) *program {
	return &program{name: name, calls: []call{{unknown: true, always: true, line: 1}}}
}

// has reports whether a program declares a flag. What may not write needs no memory.
func (p *program) has(flag string) bool { return slices.Contains(p.flags, flag) }

// A trouble is a call for which the server ends a script, or no call where the
// server does not begin it.
type trouble struct {
	found   bool
	within  bool // the script has begun
	refused call
}

// writing returns where a program is refused because it writes.
func (p *program) writing() trouble {
	if p.declared {
		return trouble{found: !p.has("no-writes")}
	}
	for _, c := range p.calls {
		if c.writes() {
			return trouble{true, true, c}
		}
	}
	return trouble{}
}

// filling returns where a program is refused because it takes memory: as the server,
// it spares a script that has written already, when it certainly has.
func (p *program) filling() trouble {
	if p.declared {
		return trouble{found: !p.has("no-writes") && !p.has("allow-oom")}
	}
	for _, c := range p.calls {
		switch {
		case c.needsRoom():
			return trouble{true, true, c}
		case c.writes() && c.always:
			return trouble{}
		}
	}
	return trouble{}
}

// stale returns where a program is refused by a replica that has lost its master.
func (p *program) stale() trouble {
	return trouble{found: !p.declared || !p.has("allow-stale")}
}

// suffix is what a server adds to an error that ended a script.
func (p *program) suffix(t trouble) string {
	if p == nil || !t.within || t.refused.protected {
		return ""
	}
	return fmt.Sprintf(" script: %s, on @user_script:%d.", p.name, t.refused.line)
}

// Scripts are the scripts and functions of a server, as far as they have been seen on
// their way to it. Sessions share them.
type Scripts struct {
	mu        sync.RWMutex
	scripts   map[string]*program // by digest
	functions map[string]*program // by name, in small letters
}

// NewScripts returns scripts of which none is known.
func NewScripts() *Scripts {
	return &Scripts{scripts: map[string]*program{}, functions: map[string]*program{}}
}

// maxPrograms is how many scripts, and how many functions, are remembered. Beyond
// that, all are forgotten: clients that write their values into their scripts would
// fill the memory.
const maxPrograms = 1 << 14

// script returns what is known of the script with a digest.
func (s *Scripts) script(digest []byte) *program {
	name := strings.ToLower(string(digest))
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.scripts[name]; p != nil {
		return p
	}
	return unseen(name)
}

// function returns what is known of a function.
func (s *Scripts) function(name []byte) *program {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.functions[strings.ToLower(string(name))]; p != nil {
		return p
	}
	return &program{name: string(name), declared: true}
}

// learn remembers a script by its text, and returns what is known of it.
func (s *Scripts) learn(source []byte) *program {
	sum := sha1.Sum(source) // as the server names scripts: it protects nothing
	digest := hex.EncodeToString(sum[:])
	s.mu.RLock()
	p := s.scripts[digest]
	s.mu.RUnlock()
	if p == nil {
		p = readScript(digest, source)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.scripts) == maxPrograms {
			clear(s.scripts)
		}
		s.scripts[digest] = p
	}
	return p
}

// learnLibrary remembers the functions of a library.
func (s *Scripts) learnLibrary(source []byte) {
	found := readLibrary(tokens(source))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.functions)+len(found) > maxPrograms {
		clear(s.functions)
	}
	for _, p := range found {
		s.functions[strings.ToLower(p.name)] = p
	}
}

// forgetFunctions forgets all functions.
func (s *Scripts) forgetFunctions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.functions)
}

// readScript reads what a script does. Its first line may declare it, as in
// "#!lua flags=no-writes,allow-stale".
func readScript(digest string, source []byte) *program {
	if !strings.HasPrefix(string(source), "#!") {
		return &program{name: digest, calls: calls(tokens(source))}
	}
	p := &program{name: digest, declared: true}
	first, _, _ := strings.Cut(string(source), "\n")
	for part := range strings.FieldsSeq(first) {
		if flags, ok := strings.CutPrefix(part, "flags="); ok {
			p.flags = strings.Split(flags, ",")
		}
	}
	return p
}

// readLibrary lists the functions that a library registers under names that stand in it.
func readLibrary(list []token) (found []*program) {
	for i := range list {
		if !list[i].is("register_function") {
			continue
		}
		args := list[i+1:]
		if len(args) > 0 && args[0].is("(") {
			args = args[1:]
		}
		p := &program{declared: true}
		switch {
		case len(args) > 0 && args[0].kind == quoted:
			p.name = args[0].text
		case len(args) > 0 && args[0].is("{"):
			p.name, p.flags = readRegistration(args)
		}
		if p.name != "" {
			found = append(found, p)
		}
	}
	return found
}

// readRegistration reads the table with which a function is registered.
func readRegistration(list []token) (name string, flags []string) {
	depth, inFlags := 0, false
	for i, t := range list {
		switch {
		case t.is("{"):
			depth++
			inFlags = depth == 2 && i > 1 && list[i-1].is("=") && list[i-2].is("flags")
		case t.is("}"):
			if depth, inFlags = depth-1, false; depth == 0 {
				return name, flags
			}
		case inFlags && t.kind == quoted:
			flags = append(flags, t.text)
		case depth == 1 && t.kind == quoted && i > 1 && list[i-1].is("=") && list[i-2].is("function_name"):
			name = t.text
		}
	}
	return name, flags
}

// programOf returns the program that a command runs, and remembers what it brings to
// the server; nil where it runs none. argument is the first or, of a subcommand, the last one.
func (s *Scripts) programOf(c *command, argument []byte) *program {
	switch c.fullName {
	case "EVAL", "EVAL_RO":
		return s.learn(argument)
	case "EVALSHA", "EVALSHA_RO":
		return s.script(argument)
	case "FCALL", "FCALL_RO":
		return s.function(argument)
	case "SCRIPT LOAD":
		s.learn(argument)
	case "FUNCTION LOAD":
		s.learnLibrary(argument)
	case "FUNCTION FLUSH", "FUNCTION RESTORE":
		s.forgetFunctions()
	}
	return nil
}
