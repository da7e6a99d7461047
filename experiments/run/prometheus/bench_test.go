package prometheus

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// What one look at 2,000 series takes, with the answers that Prometheus gives: four scrapes
// of each.
func BenchmarkLookAt2000Series(b *testing.B) {
	var body strings.Builder
	body.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	for i := range 2000 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"metric":{"__name__":"shop_checkouts_total","code":"200","instance":"10.0.%d.%d:8080","job":"shop","pod":"storefront-%d"},"values":[[1000.1,"%d"],[1001.1,"%d"],[1002.1,"%d"],[1003.1,"%d"]]}`,
			i/256, i%256, i, i, i+50, i+100, i+150)
	}
	body.WriteString("]}}")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body.String())
	}))
	defer server.Close()
	c, err := newClient(&experiments.System{Measure: &experiments.Measure{Prometheus: server.URL}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(body.Len()))
	for b.Loop() {
		known := newTargets(1500 * time.Millisecond)
		r := reader{experiments.MeasuredJourney{Name: "visit", Total: "shop_checkouts_total"}}
		list, err := r.readRole(b.Context(), c, total, r.Total, time.Now(), 4*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		if found := known.add(list); len(found) != 3*2000 {
			b.Fatal(len(found))
		}
	}
}
