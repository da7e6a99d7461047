package generator

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

const (
	mostLog   = 1 << 20 // bytes of what a program writes to standard error that are kept
	lastLines = 4       // that are told where it ends too early
	mostTold  = 600
)

// A record keeps what a program writes to standard error: the beginning in a log, and the
// last lines in memory.
type record struct {
	in      *os.File // the program's end
	out     *os.File
	secrets *redact.Secrets
	done    chan struct{}
	once    sync.Once

	mu   sync.Mutex
	last []string
	err  error
}

// newRecord keeps what comes; to nil keeps the last lines alone.
func newRecord(to io.Writer, secrets *redact.Secrets) (*record, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r := &record{in: in, out: out, secrets: secrets, done: make(chan struct{})}
	if to == nil {
		to = io.Discard
	}
	go func() {
		defer close(r.done)
		r.keep(to)
	}()
	return r, nil
}

// keep reads to the end, whatever happens: a program that nobody reads would wait.
func (r *record) keep(to io.Writer) {
	in := bufio.NewReaderSize(r.out, 4096)
	kept := 0
	for {
		text, err := in.ReadSlice('\n')
		if line := r.secrets.Plain(strings.TrimRight(string(text), "\r\n"), 4096); line != "" {
			r.remember(line)
			if kept += len(line) + 1; kept <= mostLog {
				r.note(io.WriteString(to, line+"\n"))
			} else if kept-len(line)-1 <= mostLog {
				r.note(io.WriteString(to, "(the rest is left out)\n"))
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (r *record) note(_ int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil { // the first one says why: each line after it has the same
		r.err = err
	}
}

func (r *record) remember(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = append(r.last, line)
	r.last = r.last[max(0, len(r.last)-lastLines):]
}

// lastWords are the last lines, as the end of a sentence.
func (r *record) lastWords() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last) == 0 {
		return "; it wrote nothing to standard error"
	}
	text := strings.Join(r.last, " / ")
	if over := len(text) - mostTold; over > 0 {
		text = "…" + strings.ToValidUTF8(text[over:], "")
	}
	return "; its last words, of " + LogFile + ": " + text
}

// close waits for what was written, once the program is gone. A process that left its group
// and still writes is not waited for. It may be called more than once.
func (r *record) close() error {
	r.once.Do(func() {
		r.note(0, r.in.Close())
		_ = r.out.SetReadDeadline(time.Now().Add(lastRead)) // a pipe has deadlines
		<-r.done
		r.note(0, r.out.Close())
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
