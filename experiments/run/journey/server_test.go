package journey

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

func newClient(t testing.TB, o httpclient.Options) *httpclient.Client {
	t.Helper()
	c, err := httpclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if n := c.Connections(); n != 0 {
			t.Errorf("%d connections left open", n)
		}
	})
	return c
}

// pipeClient returns a client whose connections are pipes to handle, so that a test can
// run in fake time.
func pipeClient(t testing.TB, handle func(net.Conn)) *httpclient.Client {
	t.Helper()
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	return newClient(t, httpclient.Options{Base: "http://shop.test", Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		wg.Go(func() {
			handle(theirs)
			_ = theirs.Close() // a pipe closes without an error
		})
		return ours, nil
	}})
}

// once returns a handler that answers one request and closes the connection.
func once(answer string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := journeytest.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, answer)
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

// A sender is a Sender without sockets.
type sender func(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error

func (s sender) Send(ctx context.Context, req *httpclient.Request, resp *httpclient.Response) error {
	return s(ctx, req, resp)
}

// answering returns a sender that always gives the same answer.
func answering(status int, body string, headers ...experiments.Field) sender {
	return func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
		resp.Status, resp.Body, resp.Headers = status, []byte(body), headers
		return nil
	}
}
