//go:build !unix

package toxiproxy_test

import (
	"os"
	"testing"
)

func stop(t *testing.T, _ *os.Process) { t.Skip("needs SIGSTOP") }

func goOn(*testing.T, *os.Process) {}
