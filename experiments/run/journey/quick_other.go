//go:build !linux || race

package journey

import "net"

// quicken leaves the connection as it is: the race detector knows what is read
// and written only where the scheduler does.
func quicken(c net.Conn) (net.Conn, error) { return c, nil }
