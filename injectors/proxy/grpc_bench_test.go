//go:build unix

package proxy_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// grpcWay is what a ratio is called, and the way that calls take for it.
type grpcWay struct{ name, address string }

// BenchmarkGRPC compares unary gRPC calls through the gateway with those through a stock
// Toxiproxy, which passes bytes: all in this process, on one connection each, before the
// same service, in interleaved rounds, each of which begins with another of the ways.
// Rounds are short, so that what else the machine does meets all ways alike. Figures are
// medians over the rounds; processor time is that of a call with client, proxy and service.
func BenchmarkGRPC(b *testing.B) {
	up := grpcService(b)
	ours := serve(b, proxy.Options{})
	ways := []grpcWay{{"stock", stockRoute(b, up)}, {"plain", route(b, ours, "plain", "grpc://"+up)}}
	for name, toxic := range map[string]string{
		"other":   `{"type":"grpc_error","attributes":{"code":"UNAVAILABLE","match":{"grpc":"/shop.Inventory/Release"}}}`,
		"matched": `{"type":"grpc_error","toxicity":0,"attributes":{"code":"UNAVAILABLE","match":{"grpc":"/shop.Inventory/Reserve"}}}`,
	} {
		ways = append(ways, grpcWay{name, route(b, ours, name, "grpc://"+up)})
		add(b, ours, name, toxic)
	}
	rates, waits, costs := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	calls := map[string]func() error{}
	for _, w := range ways {
		calls[w.name] = grpcClient(b, w.address)
	}
	for round := 0; b.Loop(); round++ {
		for i := range ways {
			w := ways[(round+i)%len(ways)]
			call := calls[w.name]
			rate, cost := callsPerSecond(b, call, 16)
			rates[w.name] = append(rates[w.name], rate)
			costs[w.name] = append(costs[w.name], cost)
			waits[w.name] = append(waits[w.name], timeAlone(b, call))
		}
	}
	for _, w := range ways[1:] {
		b.ReportMetric(medianRatio(rates[w.name], rates["stock"]), w.name+"/stock")
		b.ReportMetric(medianRatio(waits[w.name], waits["stock"]), w.name+"/stock-p50")
		b.ReportMetric(medianRatio(costs[w.name], costs["stock"]), w.name+"/stock-processor")
	}
	b.ReportMetric(median(rates["stock"]), "stock-calls/s")
	b.ReportMetric(median(waits["stock"])*1e6, "stock-p50-µs")
	b.ReportMetric(0, "ns/op")
}

// grpcService answers each unary call with what it was sent.
func grpcService(b *testing.B) (address string) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		_, failed := w.Write(message)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		if err != nil || failed != nil {
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "13")
		}
	}))
	server.Config.Protocols = grpcProtocols()
	server.Start()
	b.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// grpcClient returns what makes one call, on a connection that stands already.
func grpcClient(b *testing.B, address string) (call func() error) {
	transport := &http.Transport{Protocols: grpcProtocols(), DisableCompression: true}
	b.Cleanup(transport.CloseIdleConnections)
	text := strings.Repeat("m", 200)
	message := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...)
	call = func() error {
		r, err := http.NewRequest(http.MethodPost, "http://"+address+"/shop.Inventory/Reserve", bytes.NewReader(message))
		if err != nil {
			return err
		}
		r.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {"grpc-go/1.70.0"}}
		answer, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it has been read
		if status := answer.Trailer.Get("Grpc-Status"); err == nil && (status != "0" || !bytes.Equal(got, message)) {
			err = fmt.Errorf("status %q, %d bytes", status, len(got))
		}
		return err
	}
	if err := call(); err != nil {
		b.Fatal(err)
	}
	return call
}

// medianRatio is the median of the ratios of figures that belong together.
func medianRatio(of, to []float64) float64 {
	var list []float64
	for i := range of {
		list = append(list, of[i]/to[i])
	}
	return median(list)
}

// processorTime is how many seconds of processors this process has used.
func processorTime(b *testing.B) float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

// callsPerSecond is how many calls are made by so many callers who each wait for theirs,
// and how many seconds of processors each costs.
func callsPerSecond(b *testing.B, call func() error, callers int) (rate, cost float64) {
	const lasts = 200 * time.Millisecond
	made := make([]int, callers)
	begun, used := time.Now(), processorTime(b)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			for time.Since(begun) < lasts {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
				made[i]++
			}
		})
	}
	all.Wait()
	sum := 0
	for _, n := range made {
		sum += n
	}
	return float64(sum) / time.Since(begun).Seconds(), (processorTime(b) - used) / float64(sum)
}

// timeAlone is the median time of a call while there is no other, in seconds.
func timeAlone(b *testing.B, call func() error) float64 {
	var list []float64
	for range 200 {
		begun := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		list = append(list, time.Since(begun).Seconds())
	}
	return median(list)
}
