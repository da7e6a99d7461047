package httpclient

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// The text of an error is shown without what it quotes of the answer, and its class is
// still that of the connection.
func TestAResetInsideTheHeadersStaysOne(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nX-Secret: hunter22"), iotest.ErrReader(&net.OpError{Op: "read", Err: syscall.ECONNRESET}))
	err := (&head{}).readAnswer(bufio.NewReader(broken), jsonpath.Unbounded{})
	shown := explainError("reading the answer", &conn{}, err)
	if !errors.Is(shown, syscall.ECONNRESET) || errors.Is(shown, ErrClosed) {
		t.Errorf("%v is no reset", shown)
	}
	if strings.Contains(shown.Error(), "hunter") {
		t.Errorf("%v quotes the answer", shown)
	}
}
