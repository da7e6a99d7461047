//go:build !linux || race

package rawconn

import "net"

// Wrap returns the connection unchanged.
func Wrap(c net.Conn) (net.Conn, error) { return c, nil }
