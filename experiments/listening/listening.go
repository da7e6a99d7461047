// Package listening finds the program that listens at an address of this machine.
//
// It knows what Linux tells in /proc. Elsewhere, nothing is known.
package listening

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listenState is the state of a socket that accepts connections, as /proc writes it
// (include/net/tcp_states.h of Linux).
const listenState = "0A"

// Owner returns the program that listens at host:port of this machine, such as
// "redis-server (process 4711)". It is empty where none does or nothing is known.
func Owner(address string) string {
	host, port, ok := split(address)
	if !ok {
		return ""
	}
	var inodes []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		inodes = append(inodes, sockets(f, host, port)...)
		_ = f.Close() // it was only read
	}
	if len(inodes) == 0 {
		return ""
	}
	return holder("/proc", inodes)
}

// split reads host:port. A name is any address: it is the port that tells.
func split(address string) (host netip.Addr, port uint16, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return host, 0, false
	}
	n, err := strconv.ParseUint(address[i+1:], 10, 16)
	if err != nil {
		return host, 0, false
	}
	if addr, err := netip.ParseAddr(strings.Trim(address[:i], "[]")); err == nil && !addr.IsUnspecified() {
		host = addr.Unmap()
	}
	return host, uint16(n), true
}

// sockets returns the inodes of the sockets in a table of /proc/net that accept
// connections at a port of an address; the zero address is any.
func sockets(table io.Reader, host netip.Addr, port uint16) (inodes []string) {
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[3] != listenState {
			continue
		}
		at, ok := parseLocal(f[1])
		if ok && at.Port() == port && (!host.IsValid() || at.Addr().IsUnspecified() || at.Addr() == host) {
			inodes = append(inodes, f[9])
		}
	}
	return inodes
}

// parseLocal reads an address as /proc/net/tcp writes it: the address in hexadecimal
// words of four bytes in the order of this machine, which is little-endian wherever Go
// meets it in practice, a colon, and the port.
func parseLocal(text string) (netip.AddrPort, bool) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	n, errPort := strconv.ParseUint(port, 16, 16)
	if err != nil || errPort != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), ok
}

// holder returns the process that holds one of the sockets. What other users run is not
// told.
func holder(proc string, inodes []string) string {
	files, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return ""
	}
	for _, file := range files {
		to, err := os.Readlink(file)
		if err != nil {
			continue
		}
		inode, ok := strings.CutPrefix(to, "socket:[")
		if !ok || !slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
			continue
		}
		dir := filepath.Dir(filepath.Dir(file))
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue
		}
		return strings.TrimSpace(string(name)) + " (process " + filepath.Base(dir) + ")"
	}
	return "a program of another user"
}
