package livepage_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
)

// A certificate that is missing or none is a mistake in the flags, as one without a key is.
func TestAWrongCertificateIsAMistakeInTheFlags(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cert := range map[string]string{"missing": text + ".none," + text, "no certificate": text + "," + text, "without a key": text} {
		page, err := livepage.Flags{Address: livepage.Anywhere, Cert: cert}.Serve(t.Context(), livepage.Options{Logf: t.Logf})
		if _, is := errors.AsType[usage.Error](err); !is || page != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
