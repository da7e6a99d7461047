package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestLocks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	for _, f := range []*os.File{first, second} {
		if ok, err := TryShare(f); !ok || err != nil {
			t.Errorf("TryShare() = %v, %v", ok, err)
		}
	}
	if ok, err := TryLock(first); ok || err != nil {
		t.Errorf("TryLock() of a shared lock = %v, %v", ok, err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Lock(t.Context(), first); err != nil {
		t.Errorf("Lock() = %v", err)
	}
	third := open(t, path)
	if ok, err := TryShare(third); ok || err != nil {
		t.Errorf("TryShare() of a lock that is taken = %v, %v", ok, err)
	}
	ended := errors.New("ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(ended) })
	if err := Lock(ctx, third); !errors.Is(err, ended) {
		t.Errorf("Lock() of a lock that is taken = %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = first.Close() })
	if err := Lock(t.Context(), third); err != nil {
		t.Errorf("Lock() of a lock that is given up = %v", err)
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(third); err == nil {
		t.Error("a closed file was locked")
	}
}
