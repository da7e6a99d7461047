// Package faulttest puts faults between a test and what it calls, as net/http/httptest puts
// a server there.
//
//	payments := faulttest.Proxy(t, "payments", srv.URL)
//	shop := newShop(payments.URL) // and not srv.URL
//	payments.Inject(t, faulttest.HTTPError(503, faulttest.Share(0.2)))
//	// ... what does the shop do?
//	payments.Met(t)
//
// Everything happens in the process of the test: a proxy has a port of its own on loopback,
// and ends with the test, as do its faults. Tests with proxies of their own run in parallel,
// also under the race detector. There is no global state.
//
// # Faults
//
// A fault is one of blastgauge's catalogue, and is checked by it: what cannot be fails the
// test with the sentence that says what would be right. Faults on bytes ([Latency],
// [Bandwidth], [Timeout], [ResetPeer], [Slicer], [LimitData], [SlowClose], [Down]) act on
// connections, and on any of them. Faults on messages ([HTTPError], [HTTPLatency],
// [HTTPAbort], [GRPCError], [HTTPConfig], [RedisError], [RedisEmpty], [RedisLatency],
// [PostgresError], [PostgresLatency]) act on single requests, commands or statements: the
// upstream has a scheme that says which protocol it speaks. [New] makes any fault by the
// name and the attributes that documents use, with durations of type [time.Duration].
//
// Which requests of a [Share] are affected follows from a seed, and is the same in every
// run of a test that sends them in the same order.
//
// # Harm
//
// [Measure] sends a journey at a rate, first without the fault and then under it, and fails
// the test where the share of journeys that the fault harmed is shown to be above a limit.
//
// What needs a document, such as invariants and recovery, is measured by package
// [github.com/blastgauge/blastgauge/experiments/faulttest/documents].
package faulttest
