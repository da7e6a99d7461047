package gateway_test

import (
	"testing"
	"time"
)

// A fault that acts on an answer need not wait for its end: that of a stream, or of a
// tunnel, may never come.
func TestHTTP2FaultsOnEndlessAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind, attributes string
		want             []string
	}{
		"error": {"http_error", `{'status':503,'when':'after'}`, []string{"HEADERS 1 status=503 content-length=0 END", "RST_STREAM 1 NO_ERROR"}},
		"abort": {"http_abort", `{'when':'after'}`, []string{"RST_STREAM 1 INTERNAL_ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			between(t, func(_ *testing.T, s *sides) {
				f := s.inject(tt.kind, tt.attributes)
				s.client.calls(1, "/shop.Inventory/Watch")
				s.dependency.headers(1, false, ":status", "200")
				time.Sleep(time.Second)
				s.client.wants(tt.want...)
				s.dependency.wants("HEADERS 1 path=/shop.Inventory/Watch content-type=application/grpc te=trailers", "RST_STREAM 1 CANCEL")
				wantCounts(s.client, f, 1, 1, 1)
			})
		})
	}
}
