package proxy_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// How exactly a fault does what was asked, beside a stock Toxiproxy:
//
//	go test ./injectors/proxy -run '^$' -bench Fidelity -benchtime 1x

const (
	asked  = 0.2 // of what passes is to be affected
	trials = 40
	late   = 40 * time.Millisecond
)

// BenchmarkFidelityOfShares asks for 20 % in 40 trials of 250 requests, over 1, 4
// and 32 keep-alive connections. It reports the standard deviation of the affected
// share over the trials, beside what chance alone makes of 250 independent
// requests (0.025), and how many of these deviations the mean of all 10,000
// requests is away from 20 %. A share of a stock server is one of connections,
// and of what is late there in 60 requests.
func BenchmarkFidelityOfShares(b *testing.B) {
	up := shop(b)
	ours := serve(b, proxy.Options{})
	address := route(b, ours, "x", "http://"+up)
	api, theirs := stockServer(b, up)
	for _, connections := range []int{1, 4, 32} {
		b.Run(fmt.Sprintf("%d connections", connections), func(b *testing.B) {
			for b.Loop() {
				const n = 250
				shares := shares(b, ours.URL(), address, connections, n, `"type":"http_error","toxicity":0.2,"attributes":{"status":503}`)
				sd := math.Sqrt(asked * (1 - asked) / (n * trials))
				b.ReportMetric(deviation(shares), "sd")
				b.ReportMetric((mean(shares)-asked)/sd, "off/sd")
				b.ReportMetric(deviation(sharesLate(b, api, theirs, connections)), "stock-sd")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// shares are the shares of n requests answered by a toxic, by trial.
func shares(b *testing.B, api, address string, connections, n int, toxic string) []float64 {
	return tried(b, api, toxic, func() float64 {
		clients, hit := customersOf(b, connections), 0
		for i := range n {
			if err := buy(clients[i%connections], address); err != nil {
				hit++
			}
		}
		return float64(hit) / float64(n)
	})
}

// sharesLate is the same for a toxic that can only delay.
func sharesLate(b *testing.B, api, address string, connections int) []float64 {
	const n = 60
	toxic := fmt.Sprintf(`"type":"latency","toxicity":0.2,"attributes":{"latency":%d}`, late.Milliseconds())
	return tried(b, api, toxic, func() float64 {
		clients, hit := customersOf(b, connections), 0
		for i := range n {
			begun := time.Now()
			if err := buy(clients[i%connections], address); err != nil {
				b.Fatal(err)
			}
			if time.Since(begun) >= late {
				hit++
			}
		}
		return float64(hit) / n
	})
}

// tried measures once for each toxic of a kind.
func tried(b *testing.B, api, toxic string, measure func() float64) []float64 {
	var list []float64
	for i := range trials {
		name := fmt.Sprintf("trial-%d", i)
		post(b, api+"/proxies/x/toxics", fmt.Sprintf(`{"name":%q,%s}`, name, toxic))
		list = append(list, measure())
		request, err := http.NewRequest(http.MethodDelete, api+"/proxies/x/toxics/"+name, nil)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := client().Do(request)
		if err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
	}
	return list
}

// customersOf are clients with a connection of its own each.
func customersOf(b *testing.B, n int) []*http.Client {
	list := make([]*http.Client, n)
	for i := range list {
		list[i] = customer(b)
	}
	return list
}

// BenchmarkFidelityOfLatency asks for 100 ms at 200 requests per second and reports
// by how much more a request takes, in milliseconds.
func BenchmarkFidelityOfLatency(b *testing.B) {
	up := shop(b)
	ours := serve(b, proxy.Options{})
	address := route(b, ours, "x", "http://"+up)
	api, theirs := stockServer(b, up)
	for b.Loop() {
		post(b, ours.URL()+"/proxies/x/toxics", `{"name":"late","type":"http_latency","attributes":{"latency":100}}`)
		post(b, api+"/proxies/x/toxics", `{"name":"late","type":"latency","attributes":{"latency":100}}`)
		for name, at := range map[string]string{"": address, "stock-": theirs} {
			p50, p99 := excess(b, at)
			b.ReportMetric(p50, name+"p50-ms")
			b.ReportMetric(p99, name+"p99-ms")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// excess is by how much more than 100 ms 1,000 requests took, in milliseconds.
func excess(b *testing.B, address string) (p50, p99 float64) {
	const n, every = 1000, 5 * time.Millisecond
	took := make(chan time.Duration, n)
	failed := make(chan error, n)
	clients := customersOf(b, 32) // more than are under way at a time
	for _, c := range clients {
		if err := buy(c, address); err != nil {
			b.Fatal(err)
		}
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		go func() {
			begun := time.Now()
			if err := buy(clients[i%len(clients)], address); err != nil {
				failed <- err
				return
			}
			took <- time.Since(begun)
		}()
	}
	list := make([]float64, n)
	for i := range list {
		select {
		case d := <-took:
			list[i] = float64(d-100*time.Millisecond) / float64(time.Millisecond)
		case err := <-failed:
			b.Fatal(err)
		}
	}
	slices.Sort(list)
	return list[n/2], list[n*99/100]
}

// stockServer is an unchanged server with a proxy named x.
func stockServer(b *testing.B, up string) (api, address string) {
	s, err := stock.Start("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s.URL(), stockProxy(b, s.URL(), up)
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

func deviation(list []float64) float64 {
	m, sum := mean(list), 0.0
	for _, v := range list {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(list)-1))
}
