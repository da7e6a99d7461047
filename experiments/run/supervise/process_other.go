//go:build !linux

package supervise

import "syscall"

// holdsEnded: the end of a child cannot be seen before its number is given away.
const holdsEnded = false

// dieWithParent does nothing here: a command whose supervisor is killed is ended by
// the run, unless that is killed at the same moment.
func dieWithParent() *syscall.SysProcAttr { return nil }

func awaitEnd(int) {}

// adopt does nothing here: whoever has left the group of a command outlives it, and what a
// command has started has no longer than the command.
func adopt() {}

func signalStrays(int) {}

func killChildren(<-chan struct{}) {}
