package systemtest

import (
	"testing"
	"time"
)

// A restart that Prometheus can tell is a fall between two scrapes that are next to each other.
func TestARestartIsSeenBetweenNeighbours(t *testing.T) {
	t.Parallel()
	answer := func(values string) []byte {
		return []byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"]]},{"metric":{},"values":[` + values + `]}]}}`)
	}
	for name, tt := range map[string]struct {
		values string
		want   bool
	}{
		"it counts on":            {`[1.781,"3"],[2.781,"9"]`, false},
		"it begins anew":          {`[1.781,"30"],[2.781,"9"]`, true},
		"a scrape is missing":     {`[1.781,"30"],[3.781,"9"],[4.781,"12"]`, false},
		"it begins anew again":    {`[1.781,"30"],[3.781,"9"],[4.781,"2"]`, true},
		"a scrape that came late": {`[1.781,"30"],[3.282,"9"]`, false},
		"no sample":               {``, false},
		"no numbers":              {`["1","30"],["2","9"]`, false},
	} {
		if got := fellWithin(answer(tt.values), 1500*time.Millisecond); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if fellWithin([]byte("Bad Gateway"), time.Second) {
		t.Error("a page is a restart")
	}
}
