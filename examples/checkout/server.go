package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// A server is one HTTP service on its own port. Unlike http.Server it knows when its
// last connection has ended.
type server struct {
	address string // host:port
	http    *http.Server
	active  sync.WaitGroup // the accept loop and every connection
}

// serve answers requests on l until close.
func serve(l net.Listener, h http.Handler, log *slog.Logger) *server {
	s := &server{address: l.Addr().String()}
	s.http = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // called by the accept loop, which is counted itself
				s.active.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.active.Done()
			}
		},
	}
	s.active.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("server stopped", "address", s.address, "error", err)
		}
	})
	return s
}

// url is the direct address of the service.
func (s *server) url() string { return "http://" + s.address }

// close lets requests finish for as long as grace. Then it calls release, which must
// cut whatever the remaining requests wait for, closes their connections, and waits
// until no goroutine of the server is left.
func (s *server) close(grace time.Duration, release func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = s.http.Shutdown(ctx) // fails if requests are left, which Close cuts
	release()
	err := s.http.Close()

	ended := make(chan struct{})
	go func() { s.active.Wait(); close(ended) }()
	select {
	case <-ended:
		return err
	case <-time.After(closeLimit):
		return errors.Join(err, fmt.Errorf("%s: requests still run %v after the end", s.address, closeLimit))
	}
}

// maxBody is larger than any message of the shop.
const maxBody = 256 << 10

// readJSON reads the whole body into v; reading to its end is also what lets
// net/http notice a client that leaves.
func readJSON(r io.Reader, v any) error {
	body, err := io.ReadAll(io.LimitReader(r, maxBody))
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that left is not our error
}

// failure is the body of every answer that is not 2xx.
type failure struct {
	Error      string `json:"error"`
	Dependency string `json:"dependency,omitempty"` // whose fault it is, if not the caller's
}

func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(w, status, failure{Error: fmt.Sprintf(format, args...)})
}

// routes returns a mux that answers GET /health; every service starts here.
func routes(health map[string]string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, health)
	})
	return mux
}

func healthy(name string) map[string]string {
	return map[string]string{"status": "ok", "service": name}
}
