package proxy_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// The comparison with a stock Toxiproxy before a real Redis and a real PostgreSQL,
// with their own benchmarks and no fault: ours knows single commands and
// statements, the stock server bytes. Interleaved rounds; one round each is
//
//	go test ./injectors/proxy -run '^$' -bench Stores -benchtime 7x
//
// whose figures are medians over the rounds.
func BenchmarkStores(b *testing.B) {
	b.Run("redis", func(b *testing.B) {
		server, err := checkout.StartRedis(b.Context())
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(func() { server.Close() })
		for name, flags := range map[string][]string{"one": nil, "pipeline16": {"-P", "16"}} {
			b.Run(name, func(b *testing.B) {
				besideStock(b, server.URL, func(b *testing.B, address string) float64 { return redisRate(b, address, flags) })
			})
		}
	})
	b.Run("postgres", func(b *testing.B) {
		server, err := checkout.StartPostgres(b.Context())
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(func() { server.Close() })
		u, err := url.Parse(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		pgbench(b, u, u.Host, "-i", "-q")
		for _, protocol := range []string{"simple", "prepared"} {
			b.Run(protocol, func(b *testing.B) {
				besideStock(b, "postgres://"+u.Host, func(b *testing.B, address string) float64 {
					out := pgbench(b, u, address, "-n", "-S", "-c", "8", "-T", "2", "-M", protocol)
					return numberIn(b, `tps = ([0-9.]+)`, out)
				})
			})
		}
	})
}

// besideStock measures rates with each of the ways to a server, in turn.
func besideStock(b *testing.B, upstream string, rate func(b *testing.B, address string) float64) {
	_, bare, _ := strings.Cut(upstream, "://")
	ours := serve(b, proxy.Options{})
	ways := []struct{ name, address string }{{"direct", bare}, {"stock", stockRoute(b, bare)}, {"gateway", route(b, ours, "store", upstream)}}
	rates := map[string][]float64{}
	for range b.N {
		for _, way := range ways {
			rates[way.name] = append(rates[way.name], rate(b, way.address))
		}
	}
	var ratios, direct []float64
	for i := range rates["stock"] {
		ratios = append(ratios, rates["gateway"][i]/rates["stock"][i])
		direct = append(direct, rates["gateway"][i]/rates["direct"][i])
	}
	b.ReportMetric(median(ratios), "gateway/stock")
	b.ReportMetric(median(direct), "gateway/direct")
	b.ReportMetric(median(rates["stock"]), "stock-req/s")
	b.ReportMetric(0, "ns/op")
}

// redisRate is the rate of GETs and SETs by redis-benchmark, on average.
func redisRate(b *testing.B, address string, flags []string) float64 {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		b.Fatal(err)
	}
	args := append([]string{"-h", host, "-p", port, "-t", "get,set", "-n", "100000", "-c", "50", "-d", "200", "--csv"}, flags...)
	out, err := exec.Command("redis-benchmark", args...).CombinedOutput()
	if err != nil {
		b.Skipf("redis-benchmark: %v: %s", err, out)
	}
	return (numberIn(b, `"SET","([0-9.]+)"`, out) + numberIn(b, `"GET","([0-9.]+)"`, out)) / 2
}

func pgbench(b *testing.B, u *url.URL, address string, flags ...string) []byte {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		b.Fatal(err)
	}
	password, _ := u.User.Password()
	cmd := exec.Command("pgbench", append(flags, "-h", host, "-p", port, "-U", u.User.Username(), strings.TrimPrefix(u.Path, "/"))...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Skipf("pgbench: %v: %s", err, out)
	}
	return out
}

func numberIn(b *testing.B, pattern string, out []byte) float64 {
	m := regexp.MustCompile(pattern).FindSubmatch(out)
	if m == nil {
		b.Fatal(fmt.Errorf("no %s in %s", pattern, out))
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return v
}
