// Package proxy is a Toxiproxy-compatible server that cannot hang, cannot be
// crashed by a request, and counts what it does.
//
// It speaks the HTTP API of Toxiproxy 2.12 and runs Toxiproxy's own toxics and
// stream chunks. The accept loop, the links and the handlers are its own, because
// three promises cannot be kept on the library's:
//
//   - Adding or removing a toxic never waits for a client or an upstream. In the
//     library's link a toxic that is blocked on a slow reader holds up its own
//     removal, and with it the whole API. Here a toxic runs in a [stage], which
//     takes over whatever the toxic still holds and stops it at once; nothing is
//     dropped, and the bytes follow as fast as the reader reads.
//   - A connection that no toxic acts on is a plain copy loop of two goroutines
//     without chunks, and goes back to being one when the last toxic leaves.
//   - What a toxic did is counted per connection while it happens.
//
// # Where bytes go
//
//	src ─► link ──────────────────────────────────► dst      no toxic
//	src ─► link ─► head ─► stage(toxic) ─► stage ─► tail ─► dst  toxics
//
// A link is one direction of one session. It takes bytes and writes them to a socket.
// The bytes need not come from a socket, so a gateway for message-level toxics can
// stand between the client and the links.
//
// # What differs from Toxiproxy, and why
//
//   - Half-closed connections stay usable: Toxiproxy closes both directions when
//     one ends. A reset is passed on as a reset, not as an orderly end.
//   - reset_peer resets connections that were open before it came, and toxicity
//     0 means no connection. timeout, when it is removed, cuts only the connections it
//     was acting on, and meanwhile keeps also the end of what the upstream sends from a
//     client that waits.
//   - Who is affected at a toxicity below 1 is drawn once per connection and
//     toxic, and stays: other toxics that come and go do not draw again.
//   - PATCH of a toxic puts a new one in its place instead of changing one that is
//     running.
//   - Attributes that crash or wedge a server, unknown ones and misplaced ones are
//     refused with an error that says so. populate honours the toxics in its input.
//   - What is refused changes nothing: a request is made ready as a whole, ports and all,
//     before anything is touched. A list whose port is taken ends before that proxy, as
//     on Toxiproxy, and that proxy stays as it was. See change.
//   - A connection that comes round to its own proxy ends. See traffic.
//   - "down" is a toxic of blastgauge's: connect() fails as where nobody listens, and live
//     connections are reset, while the proxy keeps its port. See listener.
package proxy
