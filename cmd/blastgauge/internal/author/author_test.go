package author_test

import (
	"os/user"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/author"
)

func TestSomebodyIsAtTheTerminal(t *testing.T) {
	t.Parallel()
	process := ""
	if who, err := user.Current(); err == nil {
		process = who.Username
	}
	for name, tt := range map[string]struct {
		environment map[string]string
		want        string
	}{
		"USER":             {map[string]string{"USER": "ann", "LOGNAME": "bob"}, "ann"},
		"LOGNAME":          {map[string]string{"LOGNAME": "bob"}, "bob"},
		"USER is empty":    {map[string]string{"USER": "", "LOGNAME": "bob"}, "bob"},
		"neither":          {nil, process},
		"neither has text": {map[string]string{"USER": "", "LOGNAME": ""}, process},
	} {
		getenv := func(name string) (string, bool) { value, is := tt.environment[name]; return value, is }
		if got := author.Name(getenv); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
