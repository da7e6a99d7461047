package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// grpcProtocols is the set of protocols of which HTTP/2 without TLS is the only one.
func grpcProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// Toxics on bytes act below HTTP/2: whatever they do to pieces and times, calls arrive as
// they were sent, also when toxics come and go on a connection that stands, and faults on
// calls act beside them. A toxic that ends connections ends this one.
func TestToxicsBelowHTTP2(t *testing.T) {
	t.Parallel()
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.Write(body)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}))
	up.Config.Protocols = grpcProtocols()
	up.Start()
	t.Cleanup(up.Close)
	s := serve(t, proxy.Options{})
	address := route(t, s, "stock", "grpc://"+up.Listener.Addr().String())
	transport := &http.Transport{Protocols: grpcProtocols()}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	take := func(method, message string) (body, status string, err error) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+address+method, strings.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/grpc")
		res, err := client.Do(req)
		if err != nil {
			return "", "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return string(b), res.Header.Get("Grpc-Status") + res.Trailer.Get("Grpc-Status"), err
	}
	message := strings.Repeat("message", 300)
	works := func() {
		t.Helper()
		if body, status, err := take("/shop.Stock/Take", message); body != message || status != "0" || err != nil {
			t.Fatalf("got %d bytes, status %q and %v", len(body), status, err)
		}
	}
	works()
	add(t, s, "stock", `{"name":"refuses","type":"grpc_error","attributes":{"code":"UNAVAILABLE","match":{"grpc":"/*/Give"}}}`)
	for i, toxic := range []string{
		`"type":"slicer","attributes":{"average_size":150,"size_variation":140}`, `"type":"latency","attributes":{"latency":3,"jitter":2}`,
		`"type":"bandwidth","attributes":{"rate":5000}`,
	} {
		for _, direction := range []string{"upstream", "downstream"} {
			add(t, s, "stock", fmt.Sprintf(`{"name":"%s%d","stream":%q,%s}`, direction, i, direction, toxic))
			works()
		}
	}
	if body, status, err := take("/shop.Stock/Give", message); body != "" || status != "14" || err != nil {
		t.Errorf("got %d bytes, status %q and %v", len(body), status, err)
	}
	for i := range 3 {
		call(t, s, "DELETE", fmt.Sprintf("/proxies/stock/toxics/upstream%d", i), "", http.StatusNoContent, nil)
		works()
	}
	if v := show(t, s, "stock"); v.Blastgauge.Total != 1 {
		t.Errorf("%d connections were made", v.Blastgauge.Total)
	}
	add(t, s, "stock", `{"name":"cut","type":"limit_data","attributes":{"bytes":1000}}`)
	if body, status, err := take("/shop.Stock/Take", message); err == nil {
		t.Errorf("got %d bytes, status %q: the connection stays", len(body), status)
	}
	call(t, s, "DELETE", "/proxies/stock/toxics/cut", "", http.StatusNoContent, nil)
	works()
}
