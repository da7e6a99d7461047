package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// ownAddress is an address to listen at that nothing else here uses: a port that was given
// up there is free for as long as the test looks at it.
func ownAddress() string {
	if runtime.GOOS != "linux" { // elsewhere 127.0.0.1 alone is this machine
		return "127.0.0.1:0"
	}
	return fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// A server that ends while it is asked for things leaves no port open, whichever
// call comes last.
func TestClosedWhileProxiesAreMade(t *testing.T) {
	t.Parallel()
	up, own := shop(t), ownAddress()
	for round := range 20 {
		s := serve(t, proxy.Options{})
		var listens sync.Map
		var callers sync.WaitGroup
		for caller := range 4 {
			callers.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("p%d-%d", caller, i)
					answer, err := client().Post(s.URL()+"/proxies", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q,"listen":%q,"upstream":%q}`, name, own, up)))
					if err != nil {
						return
					}
					body, _ := io.ReadAll(answer.Body)
					answer.Body.Close()
					if _, rest, ok := strings.Cut(string(body), `"listen":"`); ok {
						address, _, _ := strings.Cut(rest, `"`)
						listens.Store(address, name)
					}
				}
			})
		}
		time.Sleep(time.Duration(round) * time.Millisecond / 2) // each round ends elsewhere in the middle
		mustNotHang(t, "closing the server", func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		callers.Wait()
		for address, name := range listens.Range {
			if !isRefused(address.(string)) {
				t.Errorf("%s still listens", name)
			}
		}
	}
}

// isRefused reports whether nothing listens at an address. A program that another test starts
// has this one's ports until it is loaded, which takes a while on a busy machine.
func isRefused(address string) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return true
		}
		c.Close()
	}
	return false
}

// Shutdown lets connections finish, accepts no new ones, and cuts those that remain.
func TestShutdownDrains(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	asked, answer := make(chan struct{}, 2), make(chan struct{})
	var v view
	call(t, s, "POST", "/proxies", fmt.Sprintf(`{"name":"web","listen":%q,"upstream":%q}`, ownAddress(), one(t, func(c *net.TCPConn) {
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		asked <- struct{}{}
		if line == "wait\n" {
			<-answer
			io.WriteString(c, "done")
			return
		}
		io.Copy(io.Discard, c) // for ever
	})), 201, &v)
	address := v.Listen
	finishes, stays := dial(t, address), dial(t, address)
	io.WriteString(finishes, "wait\n")
	io.WriteString(stays, "stay\n")
	<-asked
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(ctx) }()
	for deadline := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("a server that drains still accepts")
		}
	}
	close(answer)
	if all, err := io.ReadAll(finishes); err != nil || string(all) != "done" {
		t.Errorf("one that could finish read %q, %v", all, err)
	}
	select {
	case err := <-ended:
		t.Errorf("Shutdown() = %v with a connection open and time left", err)
	default:
	}
	cancel()
	mustNotHang(t, "ending a drain", func() { <-ended })
	if _, err := stays.Read(make([]byte, 1)); err == nil {
		t.Error("one that could not finish reads on")
	}
}

// An update that changes nothing but how the address is written leaves connections
// alone.
func TestAnUpdateThatChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := one(t, func(c *net.TCPConn) { io.Copy(c, c); c.Close() })
	address := route(t, s, "web", up)
	c := dial(t, address)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	call(t, s, "POST", "/proxies/web", `{"listen":"localhost:`+port+`","upstream":"`+up+`","enabled":true}`, 200, nil)
	call(t, s, "POST", "/populate", `[{"name":"web","listen":"localhost:`+port+`","upstream":"`+up+`"}]`, 201, nil)
	io.WriteString(c, "still")
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Error(err)
	}
}

// An upstream whose protocol is not known cannot come in the place of one that
// carries faults on requests.
func TestMovedAwayFromItsProtocol(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	address := route(t, s, "web", "http://"+up)
	add(t, s, "web", `{"name":"broken","type":"http_error","attributes":{"status":503}}`)
	if got := call(t, s, "PATCH", "/proxies/web", `{"upstream":"`+up+`"}`, 400, nil); !strings.Contains(got, "first remove toxic broken") {
		t.Error(got)
	}
	if err := buy(customer(t), address); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("after a refused update: %v", err)
	}
	call(t, s, "DELETE", "/proxies/web/toxics/broken", "", 204, nil)
	call(t, s, "PATCH", "/proxies/web", `{"upstream":"`+up+`"}`, 200, nil)
	if err := buy(customer(t), address); err != nil {
		t.Error(err)
	}
}

// A proxy that cannot be started does not keep a reset from the others.
func TestAResetWithAPortTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	taken := route(t, s, "a", up)
	call(t, s, "POST", "/proxies/a", `{"enabled":false}`, 200, nil)
	l, err := net.Listen("tcp", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := route(t, s, "b", up)
	call(t, s, "POST", "/proxies/b", `{"enabled":false}`, 200, nil)
	add(t, s, "b", `{"type":"timeout"}`)
	if got := call(t, s, "POST", "/reset", "", 500, nil); !strings.Contains(got, "proxy a:") {
		t.Error(got)
	}
	if err := buy(customer(t), address); err != nil {
		t.Error(err)
	}
}

// Toxics are listed as Toxiproxy does: upstream ones first, in the order in which
// they came.
func TestTheOrderOfToxics(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "web", shop(t))
	for _, stream := range []string{"downstream", "Upstream", "downstream", "upstream"} {
		add(t, s, "web", fmt.Sprintf(`{"name":%q,"type":"noop","stream":%q}`, stream+names(t, s, "web"), stream))
	}
	var list []struct{ Stream string }
	call(t, s, "GET", "/proxies/web/toxics", "", 200, &list)
	if got := fmt.Sprint(list); got != "[{Upstream} {upstream} {downstream} {downstream}]" {
		t.Error(got)
	}
}

// A client that sends too slowly is cut off, with an answer where one can be given.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	at := strings.TrimPrefix(s.URL(), "http://")
	header, body := dial(t, at), dial(t, at)
	for _, c := range []*net.TCPConn{header, body} {
		c.SetDeadline(time.Now().Add(4 * soon))
	}
	fmt.Fprintf(header, "POST /proxies HTTP/1.1\r\nHost: %s\r\nX-A: ", at)
	fmt.Fprintf(body, "POST /proxies HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\n{", at)
	if answer, err := http.ReadResponse(bufio.NewReader(body), nil); err != nil || answer.StatusCode != http.StatusRequestTimeout {
		t.Errorf("a slow body is answered with %+v, %v", answer, err)
	}
	if _, err := io.Copy(io.Discard, header); err != nil {
		t.Errorf("a slow header: %v", err)
	}
}

// A server that does not serve yet answers nobody: who asks waits, and then finds all
// proxies. It can also be closed like that, and its port is free.
func TestNobodyIsAnsweredBeforeTheProxiesAreThere(t *testing.T) {
	t.Parallel()
	s, err := proxy.Listen(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	first := make(chan string)
	go func() { first <- call(t, s, "GET", "/proxies", "", 200, nil) }()
	up := echo(t)
	for i := range 20 {
		if err := s.Populate(fmt.Appendf(nil, `[{"name":"p%d","listen":"127.0.0.1:0","upstream":%q}]`, i, up)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case text := <-first:
		t.Fatalf("it answers %s", text)
	default:
	}
	s.Serve()
	s.Serve()
	if got := strings.Count(<-first, `"listen"`); got != 20 {
		t.Errorf("the first answer has %d proxies", got)
	}
	unserved, err := proxy.Listen(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := unserved.Close(); err != nil {
		t.Error(err)
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(unserved.URL(), "http://"))
	if err != nil {
		t.Fatalf("the port of a server that was closed: %v", err)
	}
	l.Close()
}
