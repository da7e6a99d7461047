package proxy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// The longest texts of a block, in bytes.
const (
	mostReason = 200
	mostBy     = 80
)

// blockFile is where a block is kept, in the server's state directory.
const blockFile = "block.json"

// A Block is the order of a person that no run uses this server until it is lifted.
type Block struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Kept   bool      `json:"kept"` // also over a restart of the server
}

// A blockedError is what a run is told while there is a block.
type blockedError struct {
	apiError
	Block Block `json:"block"`
}

func (e *blockedError) Unwrap() error { return &e.apiError }

func errBlocked(b Block) error {
	text := fmt.Sprintf("%s has blocked this server since %s: %s", b.By, b.At.Format(time.RFC3339), b.Reason)
	return &blockedError{apiError{text, http.StatusLocked}, b}
}

// errOtherBlock says that the block is not as the caller expects it.
func errOtherBlock(b Block) error {
	text := fmt.Sprintf("%s has blocked this server since %s: %s; that block stays", b.By, b.At.Format(time.RFC3339), b.Reason)
	return &blockedError{apiError{text, http.StatusConflict}, b}
}

func errNoBlock() error { return &apiError{"block not found", http.StatusNotFound} }

// block ends the lease of every run and lets none begin. It returns the runs that had one,
// or toxics. The caller removes their toxics.
func (l *leases) block(b Block) (runs []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blocked = &b
	for run, lease := range l.runs {
		lease.timer.Stop()
		l.released[run] = released{time.Now(), &b} // also when the block is lifted
		runs = append(runs, run)
	}
	clear(l.runs)
	return runs
}

// kept notes that the block will be there after a restart as well.
func (l *leases) kept(b Block) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blocked = &b
}

// unblock lifts the block and returns it; nil: there was none.
func (l *leases) unblock() *Block {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.blocked
	l.blocked = nil
	return b
}

// blockNow is the block; nil: there is none.
func (l *leases) blockNow() *Block {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.blocked
}

func (s *Server) showBlock(*http.Request) (int, any, error) {
	if b := s.leases.blockNow(); b != nil {
		return http.StatusOK, *b, nil
	}
	return 0, nil, errNoBlock()
}

// setBlock takes the server away from every run: their leases and their toxics end at
// once, and none begins until the block is lifted. Proxies, and toxics of nobody's run,
// stay. A block that is there already is replaced, but with ?replace=false, when it is a
// conflict. After an error of the server the block may be in force: GET tells.
func (s *Server) setBlock(r *http.Request) (int, any, error) {
	var b Block
	if err := decodeBody(r, &b); err != nil {
		return 0, nil, err
	}
	b.At, b.By, b.Kept = time.Now().UTC(), cmp.Or(b.By, "somebody"), false
	if err := b.check(); err != nil {
		return 0, nil, err
	}
	s.blocking.Lock()
	defer s.blocking.Unlock()
	if now := s.leases.blockNow(); now != nil && r.URL.Query().Get("replace") == "false" {
		return 0, nil, errOtherBlock(*now)
	}
	runs := s.leases.block(b) // before all else: what cannot be kept is in force even so
	var errs []error
	for _, run := range runs {
		if err := s.removeRun(run); err != nil {
			s.leases.comeBackTo(run)
			errs = append(errs, err)
		}
	}
	if s.options.State != "" {
		kept := b
		kept.Kept = true
		if err := s.keepBlock(kept); err != nil {
			errs = append(errs, err)
		} else {
			b = kept
			s.leases.kept(b)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, b, nil
}

// check refuses a block that could not be shown to those who meet it.
func (b Block) check() error {
	switch {
	case b.Reason == "":
		return errMissing("reason")
	case len(b.Reason) > mostReason || len(b.By) > mostBy:
		return errRefused("reason has at most %d bytes, and by at most %d", mostReason, mostBy)
	case hasHidden(b.Reason) || hasHidden(b.By):
		return errRefused("reason and by must not have control characters, nor characters that change the direction of writing")
	}
	return nil
}

// liftBlock lets runs begin again. With ?at=TIME it lifts only the block of that time: any
// other one is a conflict.
func (s *Server) liftBlock(r *http.Request) (int, any, error) {
	at := r.URL.Query().Get("at")
	when, err := time.Parse(time.RFC3339Nano, at)
	if at != "" && err != nil {
		return 0, nil, errRefused("at must be the time of a block, as GET tells it")
	}
	s.blocking.Lock()
	defer s.blocking.Unlock()
	if now := s.leases.blockNow(); at != "" && now != nil && !now.At.Equal(when) {
		return 0, nil, errOtherBlock(*now)
	}
	if s.options.State != "" {
		err := os.Remove(filepath.Join(s.options.State, blockFile))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, nil, err // it would be back after a restart
		}
	}
	if s.leases.unblock() == nil {
		return 0, nil, errNoBlock()
	}
	return http.StatusNoContent, nil, nil
}

// keepBlock writes a block into the server's state directory.
func (s *Server) keepBlock(b Block) error {
	dir, err := atomicfile.OpenDir(s.options.State)
	if err != nil {
		return fmt.Errorf("the server is blocked, but not after a restart: %w", err)
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	err = atomicfile.WriteIn(dir, blockFile, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(b) })
	if err != nil {
		return fmt.Errorf("the server is blocked, but not after a restart: %w", err)
	}
	return nil
}

// readBlock reads what an earlier process of the server kept. A file that cannot be read
// is a block as well: in doubt no run begins.
func (s *Server) readBlock() error {
	if s.options.State == "" {
		return nil
	}
	if err := os.MkdirAll(s.options.State, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	const most = 64 << 10
	path := filepath.Join(s.options.State, blockFile)
	text, err := atomicfile.ReadRegular(path, most)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var b Block
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err == nil {
		err = b.check()
	}
	if err != nil {
		b = Block{Reason: "a block was kept that cannot be read", By: "somebody", At: time.Now().UTC()}
		s.log.Warn("the block of an earlier process cannot be read", "file", path, "error", err)
	}
	b.Kept = true
	s.leases.block(b)
	s.log.Warn("blocked since before this start", "by", b.By, "reason", b.Reason, "at", b.At.Format(time.RFC3339))
	return nil
}
