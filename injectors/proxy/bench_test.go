package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The comparison with a stock Toxiproxy: both in this process, before the same
// dependency, in interleaved rounds. It needs wrk in PATH. One round each is
//
//	go test ./injectors/proxy -run '^$' -bench AgainstStock -benchtime 7x
//
// whose figures are medians over the rounds.
func BenchmarkAgainstStock(b *testing.B) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		b.Skip("wrk is not installed")
	}
	up := shop(b)
	routes := map[string]string{"direct": up, "stock": stockRoute(b, up), "bytes": "", "gateway": ""}
	ours := serve(b, proxy.Options{})
	routes["bytes"], routes["gateway"] = route(b, ours, "bytes", up), route(b, ours, "gateway", "http://"+up)
	rates, waits := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		for _, name := range []string{"direct", "stock", "bytes", "gateway"} {
			rates[name] = append(rates[name], throughput(b, wrk, routes[name]))
			waits[name] = append(waits[name], idle(b, routes[name]))
		}
	}
	for _, name := range []string{"bytes", "gateway"} {
		var ratios, added []float64
		for i := range rates[name] {
			ratios = append(ratios, rates[name][i]/rates["stock"][i])
			added = append(added, waits[name][i]-waits["stock"][i])
		}
		b.ReportMetric(median(ratios), name+"/stock")
		b.ReportMetric(median(added)*1e6, name+"-stock-p50-µs")
	}
	b.ReportMetric(median(rates["stock"]), "stock-req/s")
	b.ReportMetric(0, "ns/op")
}

func stockRoute(b *testing.B, up string) string {
	_, address := stockServer(b, up)
	return address
}

// stockProxy makes a proxy named x on a server that may not choose the port itself.
func stockProxy(b *testing.B, api, up string) string {
	free, err := loopback.Reserve(1)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { free.Close() })
	address := free.Addresses()[0]
	post(b, api+"/proxies", fmt.Sprintf(`{"name":"x","listen":%q,"upstream":%q}`, address, up))
	return address
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

var perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// throughput is requests per second over 32 keep-alive connections.
func throughput(b *testing.B, wrk, address string) float64 {
	out, err := exec.Command(wrk, "-t1", "-c32", "-d1s", "http://"+address+"/").CombinedOutput()
	m := perSecond.FindSubmatch(out)
	if err != nil || m == nil {
		b.Fatalf("wrk: %v: %s", err, out)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// idle is the median time of a request at 200 per second, in seconds.
func idle(b *testing.B, address string) float64 {
	c := customer(b)
	var list []float64
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		<-tick.C
		begun := time.Now()
		if err := buy(c, address); err != nil {
			b.Fatal(err)
		}
		list = append(list, time.Since(begun).Seconds())
	}
	return median(list)
}

// BenchmarkMemory is what an idle connection costs in the proxy: heap and stacks
// of this process, beside a stock server.
func BenchmarkMemory(b *testing.B) {
	up := shop(b)
	ours := serve(b, proxy.Options{})
	for name, address := range map[string]string{
		"stock": stockRoute(b, up), "bytes": route(b, ours, "bytes", up), "gateway": route(b, ours, "gateway", "http://"+up), "direct": up,
	} {
		b.Run(name, func(b *testing.B) {
			var per float64
			for range b.N {
				per = perConnection(b, address)
			}
			b.ReportMetric(per, "B/connection")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// perConnection opens connections that have made one request each. The cost of
// "direct" is that of the client and the dependency.
func perConnection(b *testing.B, address string) float64 {
	const n = 500
	before := inUse()
	for range n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", address)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
	}
	return float64(inUse()-before) / n
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
