package journey

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// BenchmarkJourney is one journey of five steps over loopback, server included.
func BenchmarkJourney(b *testing.B) {
	base := journeytest.Listen(b, func(c *net.TCPConn) { journeytest.Serve(c) })
	client, err := httpclient.New(httpclient.Options{Base: base})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, client)
	client.Close()
}

// BenchmarkJudging is the same without sockets: filling in, decoding and
// comparing.
func BenchmarkJudging(b *testing.B) {
	answers := map[string]string{}
	answers["/products"] = journeytest.Catalogue()
	answers["/carts"] = `{"id":"c-1","total":12.50}`
	answers["/orders"] = `{"id":"o-1","charged":12.5}`
	benchmark(b, sender(func(_ context.Context, req *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Body = 200, []byte(answers[req.Target])
		if req.Target == "/carts" || req.Target == "/orders" {
			resp.Status = 201
		}
		return nil
	}))
}

func benchmark(b *testing.B, to Sender) {
	script, err := Compile(journeytest.Steps(), Facts{Run: "r", Traced: true})
	if err != nil {
		b.Fatal(err)
	}
	e := NewExecution()
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		r := e.Perform(b.Context(), script, Entry{Sender: to, Site: shopSite}, Seed{Choices: 1, UUIDs: 2, Number: n, Seq: n}, Limits{Intended: time.Now(), Timeout: 10 * time.Second})
		if r.Outcome != journal.OK {
			b.Fatalf("%+v", r)
		}
	}
}
