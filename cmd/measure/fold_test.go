package main

import (
	"bytes"
	"os"
	"testing"
)

// A page does not grow with the length of a run.
func TestPageOfALongRunIsSmall(t *testing.T) {
	t.Parallel()
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := writeLongRun(dir, 60_000); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := foldOnce(dir, &page); err != nil || page.Len() > 500_000 {
		t.Errorf("the page has %d bytes, %v", page.Len(), err)
	}
}
