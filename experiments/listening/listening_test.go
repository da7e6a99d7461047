package listening

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	for _, address := range []string{"127.0.0.1:" + port, ":" + port, "localhost:" + port, "0.0.0.0:" + port} {
		if got := Owner(address); !strings.HasSuffix(got, "(process "+strconv.Itoa(os.Getpid())+")") {
			t.Errorf("Owner(%s) = %q, want this process", address, got)
		}
	}
	if got := Owner("127.0.0.99:" + port); got != "" {
		t.Errorf("at another address of this machine: %q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:" + port, "", "x", "127.0.0.1:http"} {
		if got := Owner(address); got != "" {
			t.Errorf("Owner(%q) = %q, want nothing", address, got)
		}
	}
}

func TestSockets(t *testing.T) {
	t.Parallel()
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1
   2: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 13 1
   3: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14 1
   4: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 15 1
   5: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 16 1
   6: zz:1F90 short
`
	for host, want := range map[string][]string{"127.0.0.1": {"11", "12", "16"}, "::1": {"12", "15"}, "127.0.0.2": {"12", "14"}} {
		if got := sockets(strings.NewReader(table), netip.MustParseAddr(host), 8080); !slices.Equal(got, want) {
			t.Errorf("at %s: %v, want %v", host, got, want)
		}
	}
	if got := sockets(strings.NewReader(table), netip.Addr{}, 8081); got != nil {
		t.Errorf("another port: %v", got)
	}
}

func TestProcessesOfOthers(t *testing.T) {
	t.Parallel()
	if got := holder(t.TempDir(), []string{"1"}); got != "a program of another user" {
		t.Errorf("holder() = %q", got)
	}
}
