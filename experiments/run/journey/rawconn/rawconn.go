// Package rawconn makes reads and writes of TCP connections cheaper for a process
// that mostly waits.
//
// A system call through package net tells Go's scheduler that the thread may
// block, and that wakes the scheduler's monitor thread where it sleeps. A socket
// here never blocks, so the wake-up is waste. For a generator that sends a few
// hundred requests a second it is most of the price: a journey of five requests
// takes 1.4 times the processor time with plain connections (at 100 journeys/s
// 0.50 ms instead of 0.35 ms, at 300/s 0.41 ms instead of 0.29 ms; medians on two
// cores). In a loop that never waits there is no difference.
//
// This is the only package that uses unsafe, and nothing depends on it: where
// [Wrap] returns its argument, everything works the same. It does so under the
// race detector, which sees only reads and writes that package net makes, and on
// systems other than Linux.
package rawconn
