package metrics

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// contentType names version 0.0.4 of the text format, which every Prometheus reads and every
// answer is in, whatever else a client would take.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// A page answers every request with the metrics of now.
type page struct {
	sources []func() []family
	unsent  atomic.Int64 // answers that could not be written
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text := p.text()
	w.Header().Set("Content-Type", contentType)
	to, end := io.Writer(w), func() error { return nil }
	if accepted := r.Header.Values("Accept-Encoding"); weight(accepted, "gzip") > weight(accepted, "identity") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		to, end = z, z.Close
	}
	_, err := to.Write(text)
	if err = errors.Join(err, end()); err != nil {
		p.unsent.Add(1)
	}
}

// weight is how much a client wants an answer in a coding, as it says; 0: it does not say.
func weight(accepted []string, coding string) (most float64) {
	for part := range strings.SplitSeq(strings.Join(accepted, ","), ",") {
		name, parameter, weighted := strings.Cut(part, ";")
		if name = strings.ToLower(strings.TrimSpace(name)); name != coding && name != "*" {
			continue
		}
		of := 1.0
		if weighted {
			_, value, _ := strings.Cut(parameter, "=")
			of, _ = strconv.ParseFloat(strings.TrimSpace(value), 64) // 0 where it is none
		}
		most = max(most, of)
	}
	return most
}

// text is the page as it is now, its families in the order of their names.
func (p *page) text() []byte {
	own := family{name: "promhttp_metric_handler_errors_total", help: "Pages of metrics that did not reach who asked for them.", kind: counter}
	own.add(float64(p.unsent.Load()), "cause", "encoding")
	own.add(0, "cause", "gathering") // nothing can fail there, and dashboards ask for it
	families := []family{own}
	for _, source := range p.sources {
		families = append(families, source()...)
	}
	slices.SortFunc(families, func(a, b family) int { return cmp.Compare(a.name, b.name) })
	var b bytes.Buffer
	for i := range families {
		families[i].write(&b)
	}
	return b.Bytes()
}
