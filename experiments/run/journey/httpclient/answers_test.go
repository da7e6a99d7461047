package httpclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// read sends a request over a connection on which the answer is there already.
func read(t testing.TB, method string, wire io.Reader) (*Response, bool, error) {
	t.Helper()
	c := newClient(t, Options{Base: "http://127.0.0.1:1"})
	resp := &Response{}
	reusable, err := c.exchange(newConn(answered{wire}), c.site.Entry(), &Request{Method: method}, resp)
	return resp, reusable, err
}

const ok200 = "HTTP/1.1 200 OK\r\n"

// What browsers and curl take is an answer, however it arrives.
func TestAnswersThatBrowsersTake(t *testing.T) {
	t.Parallel()
	const two, body = "Content-Length: 2\r\n", "\r\nok"
	cookies := strings.Repeat("Set-Cookie: s=v; Path=/; HttpOnly\r\n", 100)
	tests := map[string]struct {
		wire   string
		method string // empty: GET
		status int    // 0: 200
		body   string
		header [2]string // name and what its values are joined by "|"
		ends   bool      // the connection cannot carry another request
	}{
		"length":                     {wire: ok200 + two + body, body: "ok"},
		"equal lengths":              {wire: ok200 + two + two + body, body: "ok", header: [2]string{"content-length", "2|2"}},
		"equal lengths in one field": {wire: ok200 + "Content-Length: 2, 2\r\n" + body, body: "ok"},
		"equal lengths, other zeros": {wire: ok200 + two + "Content-Length: 02\r\n" + body, body: "ok"},
		"empty length":               {wire: ok200 + "Content-Length:\r\n" + body, body: "ok", ends: true},
		"LF only":                    {wire: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", body: "ok"},
		"LF and CRLF":                {wire: "HTTP/1.1 200 OK\r\nContent-Length: 2\nX: y\r\n\nok", body: "ok", header: [2]string{"X", "y"}},
		"LF only, chunked":           {wire: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", body: "ok"},
		"empty lines before":         {wire: "\r\n\n" + ok200 + two + body, body: "ok"},
		"a field in two lines":       {wire: ok200 + "X: a\r\n  b\r\n\tc \r\n" + two + body, body: "ok", header: [2]string{"X", "a b c"}},
		"a field that begins late":   {wire: ok200 + "X:\r\n  b:c\r\n" + two + body, body: "ok", header: [2]string{"X", "b:c"}},
		"a field with an empty end":  {wire: ok200 + "X: a\r\n \r\n" + two + body, body: "ok", header: [2]string{"X", "a"}},
		"a length in two lines":      {wire: ok200 + "Content-Length:\r\n 2\r\n" + body, body: "ok"},
		"a second line of nothing":   {wire: ok200 + " lost\r\n" + two + body, body: "ok"},
		"a line without a colon":     {wire: ok200 + "nonsense\r\n" + two + ": none\r\n" + body, body: "ok"},
		"space before the colon":     {wire: ok200 + "Content-Length : 2\r\n" + body, body: "ok"},
		"no space behind the colon":  {wire: ok200 + "Content-Length:2\r\nX:y\r\n" + body, body: "ok", header: [2]string{"x", "y"}},
		"a CR inside":                {wire: ok200 + "X: a\rb\r\n" + two + body, body: "ok", header: [2]string{"X", "a b"}},
		"names in any case":          {wire: "http/1.1 200 ok\r\ncONTENT-lENGTH: 2\r\nx-a: b\r\n" + body, body: "ok", header: [2]string{"X-A", "b"}},
		"bytes of UTF-8":             {wire: ok200 + "X-Stadt: Zürich\r\n" + two + body, body: "ok", header: [2]string{"X-Stadt", "Zürich"}},
		"bytes of Latin-1":           {wire: ok200 + "X-Stadt: Z\xfcrich\r\n" + two + body, body: "ok", header: [2]string{"X-Stadt", "Z\xfcrich"}},
		"odd names":                  {wire: ok200 + "X Y(z): 1\r\n\xe9: 2\r\n" + two + body, body: "ok", header: [2]string{"X Y(z)", "1"}},
		"no reason":                  {wire: "HTTP/1.1 200\r\n" + two + body, body: "ok"},
		"a space and no reason":      {wire: "HTTP/1.1 200 \r\n" + two + body, body: "ok"},
		"an odd reason":              {wire: "HTTP/1.1 200 Tout \xe9tait: bien\r\n" + two + body, body: "ok"},
		"two spaces":                 {wire: "HTTP/1.1  200  OK\r\n" + two + body, body: "ok"},
		"an odd status":              {wire: "HTTP/1.1 799 Odd\r\n" + two + body, status: 799, body: "ok"},
		"many cookies":               {wire: ok200 + cookies + two + body, body: "ok", header: [2]string{"Set-Cookie", strings.TrimSuffix(strings.Repeat("s=v; Path=/; HttpOnly|", 100), "|")}},
		"continue":                   {wire: "HTTP/1.1 100 Continue\r\n\r\n" + ok200 + two + body, body: "ok"},
		"hints, processing, hints":   {wire: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: no\r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 103\n\n" + ok200 + two + "X: yes\r\n" + body, body: "ok", header: [2]string{"X", "yes"}},
		"other protocols":            {wire: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", status: 101, ends: true},
		"no content":                 {wire: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		"no content, with a length":  {wire: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", status: 204},
		"not modified":               {wire: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n", status: 304},
		"not modified, chunked":      {wire: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", status: 304},
		"HEAD":                       {wire: ok200 + "Content-Length: 5000\r\n\r\n", method: "HEAD"},
		"HEAD, chunked and coded":    {wire: ok200 + "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n", method: "HEAD"},
		"HEAD without a length":      {wire: ok200 + "\r\n", method: "HEAD"},
		"chunked":                    {wire: ok200 + "Transfer-Encoding: Chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", body: "ok"},
		"extensions and trailers":    {wire: ok200 + "Transfer-Encoding: chunked\r\nTrailer: T\r\n\r\n00a;x=\"1\"\r\n0123456789\r\n0;y\r\nT: 1\r\nContent-Length: 3\r\n\r\n", body: "0123456789"},
		"a size with spaces":         {wire: ok200 + "Transfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0\r\n\r\n", body: "ok"},
		"chunked, said twice":        {wire: ok200 + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", body: "ok"},
		"chunked and identity":       {wire: ok200 + "Transfer-Encoding: identity, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", body: "ok"},
		"chunked with a length":      {wire: ok200 + "Transfer-Encoding: chunked\r\nContent-Length: 9\r\nContent-Length: x\r\n\r\n2\r\nok\r\n0\r\n\r\n", body: "ok"},
		"a length, then chunked":     {wire: ok200 + "Content-Length: 1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", body: "ok"},
		"until the end":              {wire: ok200 + body, body: "ok", ends: true},
		"until the end, nothing":     {wire: ok200 + "\r\n", ends: true},
		"HTTP/1.0":                   {wire: "HTTP/1.0 200 OK\r\n" + body, body: "ok", ends: true},
		"HTTP/1.0 knows no chunks":   {wire: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", body: "2\r\nok\r\n", ends: true},
		"HTTP/1.0 with a length":     {wire: "HTTP/1.0 200 OK\r\n" + two + body, body: "ok", ends: true},
		"HTTP/1.0 that stays":        {wire: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + two + body, body: "ok"},
		"a connection that ends":     {wire: ok200 + "Connection: x, Close\r\n" + two + body, body: "ok", ends: true},
		"a stream":                   {wire: "ICY 200 OK\r\nicy-name: radio\r\n" + body, body: "ok", ends: true},
		"more than the answer":       {wire: ok200 + two + body + "stray", body: "ok", ends: true},
	}
	for name, tt := range tests {
		for how, reader := range map[string]io.Reader{"at once": strings.NewReader(tt.wire), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.wire))} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				if tt.method == "" {
					tt.method = "GET"
				}
				if tt.status == 0 {
					tt.status = 200
				}
				resp, reusable, err := read(t, tt.method, reader)
				if err != nil || resp.Status != tt.status || string(resp.Body) != tt.body {
					t.Fatalf("%v, status %d, body %q; want %d and %q", err, resp.Status, resp.Body, tt.status, tt.body)
				}
				if got := strings.Join(resp.Header(tt.header[0]), "|"); got != tt.header[1] {
					t.Errorf("%s is %q, want %q", tt.header[0], got, tt.header[1])
				}
				if late := name == "more than the answer" && how == "byte by byte"; reusable == tt.ends && !late {
					t.Errorf("reusable: %t", reusable)
				}
			})
		}
	}
}

// What is no answer is an error that says what is wrong, and quotes nothing of it.
func TestAnswersThatNobodyTakes(t *testing.T) {
	t.Parallel()
	const canary = "Zq7xYjK3"
	tests := map[string]struct {
		wire string
		want error
	}{
		"nothing":                {"", ErrClosed},
		"only empty lines":       {"\r\n", ErrCutShort},
		"half a status line":     {"HTTP/1.1 2", ErrCutShort},
		"half the fields":        {ok200 + "X: " + canary, ErrCutShort},
		"no empty line":          {ok200 + "X: " + canary + "\r\n", ErrCutShort},
		"half a line":            {"HTTP/1.0 204\r\n\r\xde", ErrCutShort},
		"only an interim answer": {"HTTP/1.1 100 Continue\r\n\r\n", ErrClosed},
		"endless hints":          {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", maxInterim+1), errInterim},
		"not HTTP":               {"SSH-2.0-" + canary + "\r\n\r\n", errNotHTTP},
		"HTTP/2":                 {"HTTP/2 200\r\n\r\n", errNotHTTP},
		"a page alone":           {"<html>" + canary + "</html>\n\n", errNotHTTP},
		"no status":              {"HTTP/1.1 " + canary + "\r\n\r\n", errNotHTTP},
		"a short status":         {"HTTP/1.1 20\r\n\r\n", errNotHTTP},
		"a long status":          {"HTTP/1.1 2000\r\n\r\n", errNotHTTP},
		"a status below 100":     {"HTTP/1.1 099 x\r\n\r\n", errNotHTTP},
		"a signed status":        {"HTTP/1.1 +20 x\r\n\r\n", errNotHTTP},
		"a zero byte":            {ok200 + "X: " + canary + "\x00\r\n\r\n", errZeroByte},
		"two lengths":            {ok200 + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", errTwoLengths},
		"two lengths in one":     {ok200 + "Content-Length: 2, 3\r\n\r\nok!", errTwoLengths},
		"a length of words":      {ok200 + "Content-Length: " + canary + "\r\n\r\n", errLength},
		"a signed length":        {ok200 + "Content-Length: +2\r\n\r\nok", errLength},
		"a negative length":      {ok200 + "Content-Length: -1\r\n\r\nok", errLength},
		"a transfer coding":      {ok200 + "Transfer-Encoding: " + canary + ", chunked\r\n\r\n", errTransfer},
		"a large length":         {ok200 + "Content-Length: 8388609\r\n\r\n", ErrTooLarge},
		"a huge length":          {ok200 + "Content-Length: 99999999999999999999999999\r\n\r\n", ErrTooLarge},
		"a large chunk":          {ok200 + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n" + strings.Repeat("x", maxBody+1), ErrTooLarge},
		"large until the end":    {ok200 + "\r\n" + strings.Repeat("x", maxBody+1), ErrTooLarge},
		"a short body":           {ok200 + "Content-Length: 100\r\n\r\n" + canary, ErrCutShort},
		"no body":                {ok200 + "Content-Length: 1\r\n\r\n", ErrCutShort},
		"no chunk":               {ok200 + "Transfer-Encoding: chunked\r\n\r\n", ErrCutShort},
		"half a chunk":           {ok200 + "Transfer-Encoding: chunked\r\n\r\n64\r\n" + canary, ErrCutShort},
		"no last chunk":          {ok200 + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", ErrCutShort},
		"half the trailers":      {ok200 + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n", ErrCutShort},
		"no size":                {ok200 + "Transfer-Encoding: chunked\r\n\r\n\r\nok\r\n", errChunk},
		"a size of words":        {ok200 + "Transfer-Encoding: chunked\r\n\r\n" + canary + "\r\nok\r\n", errChunk},
		"a chunk too long":       {ok200 + "Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n", errChunk},
		"a long line of a chunk": {ok200 + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("x", readBufferSize) + "\r\nok\r\n0\r\n\r\n", errChunk},
		"large trailers":         {ok200 + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("T: y\r\n", maxHead/6+1) + "\r\n", ErrHeadTooLarge},
		"a large trailer":        {ok200 + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + strings.Repeat("y", maxHead) + "\r\n\r\n", ErrHeadTooLarge},
		"a long status line":     {"HTTP/1.1 200 " + strings.Repeat("y", maxHead) + "\r\n\r\n", ErrHeadTooLarge},
		"many lines":             {ok200 + strings.Repeat("y\r\n", maxHead/3) + "\r\n", ErrHeadTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, reusable, err := read(t, "GET", strings.NewReader(tt.wire))
			if !errors.Is(err, tt.want) || reusable {
				t.Fatalf("%v, reusable %t; want %v", err, reusable, tt.want)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%v quotes the answer", err)
			}
			if got := resp.Header("X"); len(got) > 0 { // and asking for it ends
				t.Errorf("half a head has the fields %q", got)
			}
		})
	}
}

// counted are bounds that know what is held.
type counted struct{ held, most int }

func (c *counted) Hold(n int) error { c.held += n; c.most = max(c.most, c.held); return nil }
func (c *counted) Release(n int)    { c.held -= n }
func (*counted) Err() error         { return nil }

// A head may have 256 kB. What it takes is held while it is there, and not kept.
func TestLargeHeads(t *testing.T) {
	t.Parallel()
	tail := "Content-Length: 2\r\n\r\nok"
	one := func(size int) string {
		head := ok200 + "X-Tags: %s\r\nX-Last: z\r\nContent-Length: 2\r\n\r\n"
		return fmt.Sprintf(head, strings.Repeat("t", size-len(head)+2)) + "ok"
	}
	many := func(size int) string {
		line := "Set-Cookie: s=" + strings.Repeat("v", 3900) + "; Path=/\r\n"
		return ok200 + strings.Repeat(line, size/len(line)) + "X-Last: z\r\n" + tail
	}
	for name, tt := range map[string]struct {
		wire string
		want error
	}{
		"15 kB": {one(15 << 10), nil}, "16 kB": {one(16 << 10), nil}, "20 kB": {one(20 << 10), nil}, "64 kB": {one(64 << 10), nil}, "256 kB": {one(256 << 10), nil}, "256 kB and one byte": {one(256<<10 + 1), ErrHeadTooLarge},
		"15 kB of cookies": {many(15 << 10), nil}, "64 kB of cookies": {many(64 << 10), nil}, "250 kB of cookies": {many(250 << 10), nil}, "300 kB of cookies": {many(300 << 10), ErrHeadTooLarge},
		"two heads": {"HTTP/1.1 103 Early Hints\r\nLink: " + strings.Repeat("l", 200<<10) + "\r\n\r\n" + one(200<<10), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, resp, bounds := newClient(t, Options{Base: "http://127.0.0.1:1"}), &Response{}, &counted{}
			line := newConn(answered{strings.NewReader(tt.wire + tt.wire)})
			for range 2 {
				_, err := c.exchange(line, c.site.Entry(), &Request{Method: "GET", Bounds: bounds}, resp)
				if !errors.Is(err, tt.want) {
					t.Fatalf("%v, want %v", err, tt.want)
				}
				if err != nil {
					return
				}
				if string(resp.Body) != "ok" || !slices.Equal(resp.Header("x-last"), []string{"z"}) {
					t.Errorf("the body is %q, the last field %q", resp.Body, resp.Header("x-last"))
				}
				size := len(resp.head.fields)
				if size > keptBuffer && (bounds.held < size || bounds.most > 3*size+2*firstBuffer) {
					t.Errorf("%d bytes are held, %d were, for fields of %d", bounds.held, bounds.most, size)
				}
				resp.Forget()
				bounds.held = 0 // as at the end of a step
				if resp.Kept() > keptBuffer || line.in.Size() != readBufferSize {
					t.Errorf("%d bytes are kept, %d for the connection", resp.Kept(), line.in.Size())
				}
			}
		})
	}
}

// Bytes that follow each other in other pieces are the same answer.
func FuzzPieces(f *testing.F) {
	f.Add([]byte(ok200+"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok"), uint8(1))
	f.Add([]byte("HTTP/1.1 100 \n\n"+ok200+"Transfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nT: 1\r\n\r\n"), uint8(3))
	f.Fuzz(func(t *testing.T, wire []byte, piece uint8) {
		whole, _, err := read(t, "GET", bytes.NewReader(wire))
		parts, _, errParts := read(t, "GET", pieces{bytes.NewReader(wire), 1 + int(piece)})
		if (err == nil) != (errParts == nil) || whole.Status != parts.Status || err == nil && !bytes.Equal(whole.Body, parts.Body) || !bytes.Equal(whole.head.fields, parts.head.fields) && err == nil {
			t.Errorf("%v %d %q, in pieces %v %d %q", err, whole.Status, whole.Body, errParts, parts.Status, parts.Body)
		}
		if err == nil {
			_, err := whole.Text(jsonpath.Unbounded{})
			if err != nil && !errors.Is(err, ErrTooLarge) {
				t.Error(err)
			}
		}
	})
}

// Where a stricter reader takes an answer as well, it is the same answer.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, wire := range []string{"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok", "Transfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nT: 1\r\n\r\n", "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "\r\nuntil the end", "Content-Length:\r\n\r\nok"} {
		f.Add([]byte(ok200 + wire))
		f.Add([]byte("HTTP/1.0 404 no\r\n" + wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		theirs, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), nil)
		if err != nil || theirs.StatusCode < 200 {
			return
		}
		body, err := io.ReadAll(theirs.Body)
		if err != nil {
			return
		}
		ours, _, err := read(t, "GET", bytes.NewReader(wire))
		if err != nil || ours.head.coded {
			return
		}
		if ours.Status != theirs.StatusCode || !bytes.Equal(ours.Body, body) {
			t.Errorf("%d %q, and %d %q by net/http", ours.Status, ours.Body, theirs.StatusCode, body)
		}
	})
}

type pieces struct {
	io.Reader
	most int
}

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.most)]) }
