package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// An experiment that is commented out is none in a folder. Where it is named, it is a
// mistake, and so is a file that holds nothing at all.
func TestWhatIsCommentedOutIsNoExperiment(t *testing.T) {
	t.Parallel()
	const on = "version: 1\nexperiment: %s\nhypothesis: x\nfaults: [{inject: down, into: payments}]\n"
	for text, skipped := range map[string]bool{
		"# version: 1\n# experiment: off\n": true, "\n  # a\n\n#b": true, "#": true,
		"": false, "\n \n": false, "# a\n---\n": false, "# a\nversion: 1\n": false,
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "off.yaml")
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "on.yaml"), []byte(on), 0o600)); err != nil {
			t.Fatal(err)
		}
		files, err := documentsIn(dir)
		if err != nil || (len(files) == 1) != skipped {
			t.Errorf("%q: %v, %v", text, files, err)
		}
		if _, _, err := Load("testdata/good/blastgauge.yaml", []string{file}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q, named: %v", text, err)
		}
	}
}
