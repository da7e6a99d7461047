package redis

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A program is what is known of a script or of a function. It is as small for a long
// script as for a short one, and holds nothing of the text: many are remembered.
type program struct {
	name          string // in errors: a script's digest; empty: not known
	writes, fills trouble
	servesStale   bool // it declares that it may run on a replica that has lost its master
}

// unseen is a script whose text nobody has looked at: it may do anything.
func unseen(name string) *program {
	anything := trouble{true, true, call{unknown: true, always: true, line: 1}}
	return &program{name: name, writes: anything, fills: anything}
}

// declaring is a program that says what it does, by flags, as all functions do. What may
// not write needs no memory.
func declaring(name string, flags ...string) *program {
	reads := slices.Contains(flags, "no-writes")
	return &program{
		name: name, servesStale: slices.Contains(flags, "allow-stale"),
		writes: trouble{found: !reads}, fills: trouble{found: !reads && !slices.Contains(flags, "allow-oom")},
	}
}

// calling is a script that declares nothing, and asks this of its server.
func calling(name string, list []call) *program {
	p := &program{name: name}
	if i := slices.IndexFunc(list, call.writes); i >= 0 {
		p.writes = trouble{true, true, list[i]}
	}
	// As the server, it spares a script that has written already, when it certainly has.
	i := slices.IndexFunc(list, func(c call) bool { return c.needsRoom() || c.writes() && c.always })
	if i >= 0 && list[i].needsRoom() {
		p.fills = trouble{true, true, list[i]}
	}
	return p
}

// A trouble is a call for which the server ends a script, or no call where the
// server does not begin it.
type trouble struct {
	found   bool
	within  bool // the script has begun
	refused call
}

// writing returns where a program is refused because it writes.
func (p *program) writing() trouble { return p.writes }

// filling returns where a program is refused because it takes memory.
func (p *program) filling() trouble { return p.fills }

// stale returns where a program is refused by a replica that has lost its master.
func (p *program) stale() trouble { return trouble{found: !p.servesStale} }

// suffix is what a server adds to an error that ended a script.
func (p *program) suffix(t trouble) string {
	if p == nil || p.name == "" || !t.within || t.refused.protected {
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

// maxName is the longest name of a function that is remembered, in bytes. A function that
// is not remembered may write.
const maxName = 1 << 10

// maxScript is the longest script or library that is looked at, in bytes. Taking one apart
// takes up to some hundred times its length for a moment, on every connection at once.
const maxScript = 256 << 10

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

// function returns what is known of a function. One that is not known declares these flags.
func (s *Scripts) function(name []byte, unseen ...string) *program {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.functions[strings.ToLower(string(name))]; p != nil {
		return p
	}
	return declaring(string(name), unseen...)
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
	if !bytes.HasPrefix(source, []byte("#!")) {
		return calling(digest, calls(tokens(source)))
	}
	var flags []string
	first, _, _ := bytes.Cut(source, []byte("\n"))
	for part := range bytes.FieldsSeq(first) {
		if list, ok := bytes.CutPrefix(part, []byte("flags=")); ok {
			flags = strings.Split(string(list), ",")
		}
	}
	return declaring(digest, flags...)
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
		name, flags := "", []string(nil)
		switch {
		case len(args) > 0 && args[0].kind == quoted:
			name = args[0].text
		case len(args) > 0 && args[0].is("{"):
			name, flags = readRegistration(args)
		}
		if name != "" && len(name) <= maxName {
			found = append(found, declaring(name, flags...))
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
	case "FCALL":
		return s.function(argument)
	case "FCALL_RO": // runs none that may write
		return s.function(argument, "no-writes")
	case "SCRIPT LOAD":
		s.learn(argument)
	case "FUNCTION LOAD":
		s.learnLibrary(argument)
	case "FUNCTION FLUSH", "FUNCTION RESTORE":
		s.forgetFunctions()
	}
	return nil
}

// unseenOf is programOf for a text that is too long to be looked at. What is known of
// functions may be over with it.
func (s *Scripts) unseenOf(c *command) *program {
	switch c.fullName {
	case "SCRIPT LOAD":
		return nil
	case "FUNCTION LOAD", "FUNCTION FLUSH", "FUNCTION RESTORE":
		s.forgetFunctions()
		return nil
	}
	return unseen("")
}
