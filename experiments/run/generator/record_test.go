package generator

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// However many lines cannot be logged, the error is that of one, and the last ones are known.
func TestALogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r, err := newRecord(full{}, redact.FromEnv(nil, func(string) (string, bool) { return "", false }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(r.in, strings.Repeat("a line\n", 500)+"the last\n"); err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err == nil || err.Error() != "no space left" {
		t.Errorf("close() = %v", err)
	}
	if !strings.HasSuffix(r.lastWords(), "the last") {
		t.Error(r.lastWords())
	}
}
