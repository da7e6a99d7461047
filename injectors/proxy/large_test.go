package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// endless serves and takes bodies of any length, without keeping any of it.
func endless(t testing.TB, size int64) string {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != size {
			http.Error(w, "not all of it came", http.StatusBadRequest)
			return
		}
		io.CopyN(w, zeros{}, size) //nolint:errcheck // the client counts
	}))
	t.Cleanup(up.Close)
	return up.URL
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// throughGateway sends a body of that size through a proxy with a gateway, gets one
// back, and says by how much the heap in use grew at most.
func throughGateway(t testing.TB, size int64) (grew int64) {
	t.Helper()
	s := serve(t, proxy.Options{})
	address := route(t, s, "large", endless(t, size))
	add(t, s, "large", `{"name":"x","type":"http_latency","attributes":{"latency":1}}`)
	before := inUse()
	watched := &watch{from: io.LimitReader(zeros{}, size)}
	c := customer(t)
	c.Timeout = 10 * time.Minute // the race detector on a slow machine takes its time
	answer, err := c.Post("http://"+address+"/", "application/octet-stream", watched)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	back := &watch{from: answer.Body}
	n, err := io.Copy(io.Discard, back)
	if err != nil || n != size || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d of %d bytes came back: %s, %v", n, size, answer.Status, err)
	}
	return max(watched.most, back.most) - before
}

// watch reads, and looks at the heap every 16 MiB.
type watch struct {
	from        io.Reader
	read, looks int64
	most        int64
}

func (w *watch) Read(b []byte) (int, error) {
	n, err := w.from.Read(b)
	if w.read += int64(n); w.read>>24 > w.looks {
		w.looks = w.read >> 24
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.most = max(w.most, int64(m.HeapInuse+m.StackInuse))
	}
	return n, err
}

// A body is never in memory as a whole, whatever its size.
func TestLargeBodiesStreamThrough(t *testing.T) {
	const size, limit = 128 << 20, 32 << 20
	if grew := throughGateway(t, size); grew > limit {
		t.Errorf("memory grew by %d MiB for bodies of %d", grew>>20, size>>20)
	}
}

// BenchmarkGibibyte is a body of 1 GiB each way, and what memory that takes.
//
//	go test ./injectors/proxy -run '^$' -bench Gibibyte -benchtime 3x
func BenchmarkGibibyte(b *testing.B) {
	const size = 1 << 30
	b.SetBytes(2 * size)
	most := int64(0)
	for b.Loop() {
		most = max(most, throughGateway(b, size))
	}
	b.ReportMetric(float64(most)/(1<<20), "MiB-grown")
}
