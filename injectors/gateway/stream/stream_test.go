package stream_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// What is kept arrives in order, with what is put in between, and without what is
// dropped.
func TestKeepDropPut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := stream.New(strings.NewReader("keep drop keep"), &out, nil)
	if err := s.Fill(); err != nil {
		t.Fatal(err)
	}
	s.Keep(5)
	s.Drop(5)
	s.Put([]byte("put "))
	s.Keep(4)
	if got := string(s.Ahead()); got != "" {
		t.Errorf("%q is ahead", got)
	}
	if out.Len() > 0 {
		t.Errorf("%q was written before the flush", out.String())
	}
	if err := s.Flush(); err != nil || out.String() != "keep put keep" {
		t.Errorf("%q arrives (%v)", out.String(), err)
	}
	if err := s.Fill(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

// Take reads what is not there yet, whatever the pieces in which it comes.
func TestTakeAcrossReads(t *testing.T) {
	t.Parallel()
	const size = 3*stream.BulkSize + 17
	text := strings.Repeat("0123456789", size/10+1)[:size]
	for name, src := range map[string]io.Reader{
		"in one": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"with the end": iotest.DataErrReader(strings.NewReader(text)),
	} {
		var out bytes.Buffer
		s := stream.New(src, &out, nil)
		if err := s.Take(size/2, true); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Take(1000, false); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.Rest(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if want := text[:size/2] + text[size/2+1000:]; out.String() != want {
			t.Errorf("%s: %d bytes arrive, want %d", name, out.Len(), len(want))
		}
	}
}

func TestTakeBeyondTheEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := stream.New(strings.NewReader("short"), &out, nil)
	if err := s.Take(10, true); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if out.String() != "short" {
		t.Errorf("%q arrives", out.String())
	}
}

// A message may be as long as its reader allows, and no longer; what is ahead stays
// whole while the buffer grows, and it shrinks again afterwards.
func TestFillUpTo(t *testing.T) {
	t.Parallel()
	const limit = 4 * stream.BulkSize
	text := strings.Repeat("x", limit) + "beyond"
	var out bytes.Buffer
	s := stream.New(strings.NewReader(text), &out, nil)
	var err error
	for err == nil {
		err = s.FillUpTo(limit)
	}
	if !errors.Is(err, stream.ErrTooLarge) || len(s.Ahead()) != limit {
		t.Errorf("%d bytes are ahead (%v)", len(s.Ahead()), err)
	}
	s.Keep(limit)
	if err := s.Rest(); !errors.Is(err, io.EOF) || out.String() != text {
		t.Errorf("%d bytes arrive (%v)", out.Len(), err)
	}
}

type refusing struct{ after int }

func (r *refusing) Write(p []byte) (int, error) {
	if r.after -= len(p); r.after < 0 {
		return 0, errors.New("refused")
	}
	return len(p), nil
}

// After a write has failed nothing is read, unless the stream is told to read on.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	src := strings.NewReader(strings.Repeat("x", 10*stream.BulkSize))
	s := stream.New(src, &refusing{}, nil)
	if err := s.Rest(); !errors.Is(err, stream.ErrSink) {
		t.Errorf("%v", err)
	}
	left := src.Len()
	if err := s.Fill(); !errors.Is(err, stream.ErrSink) || src.Len() != left {
		t.Errorf("it reads on: %d of %d are left (%v)", src.Len(), left, err)
	}

	s = stream.New(src, &refusing{}, nil)
	s.ReadOn()
	if err := s.Rest(); !errors.Is(err, io.EOF) || src.Len() > 0 {
		t.Errorf("%d are left (%v)", src.Len(), err)
	}
	if err := s.Flush(); !errors.Is(err, stream.ErrSink) {
		t.Errorf("%v", err)
	}
}

// What is kept before a change of the sink goes to the one before.
func TestRedirect(t *testing.T) {
	t.Parallel()
	var first, second bytes.Buffer
	s := stream.New(strings.NewReader("abcdef"), &first, nil)
	if err := s.Fill(); err != nil {
		t.Fatal(err)
	}
	s.Keep(2)
	if err := s.Redirect(&second); err != nil {
		t.Fatal(err)
	}
	s.Keep(2)
	if err := s.Redirect(&first); err != nil {
		t.Fatal(err)
	}
	s.Keep(2)
	if err := s.Settle(); err != nil || first.String() != "abef" || second.String() != "cd" {
		t.Errorf("%q and %q (%v)", first.String(), second.String(), err)
	}
}

func TestReaderWithoutProgress(t *testing.T) {
	t.Parallel()
	s := stream.New(readerFunc(func([]byte) (int, error) { return 0, nil }), io.Discard, nil)
	if err := s.Fill(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Streams that settle between bulky messages share their large buffers.
func TestBuffersAreShared(t *testing.T) { //nolint:paralleltest // it counts allocations
	message := strings.Repeat("x", 2*stream.BulkSize)
	buffers := &stream.Buffers{}
	pass := func() {
		s := stream.New(strings.NewReader(message), io.Discard, buffers)
		if err := s.Take(int64(len(message)), true); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(); err != nil {
			t.Fatal(err)
		}
		s.Release()
	}
	pass()
	result := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			pass()
		}
	})
	if per := result.AllocedBytesPerOp(); per > stream.BulkSize/2 {
		t.Errorf("a message costs %d bytes", per)
	}
}

// FuzzStream: whatever is kept and dropped of what comes in whatever pieces, the rest
// arrives.
func FuzzStream(f *testing.F) {
	f.Add([]byte("some bytes that come"), []byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, data, steps []byte) {
		var out, want bytes.Buffer
		s := stream.New(iotest.HalfReader(bytes.NewReader(data)), &out, nil)
		at := 0
		for i, step := range steps {
			n := min(int(step), len(data)-at)
			keep := i%2 == 0
			if err := s.Take(int64(n), keep); err != nil {
				t.Fatal(err)
			}
			if keep {
				want.Write(data[at : at+n])
			}
			at += n
			if step%3 == 0 {
				s.Put([]byte{step})
				want.WriteByte(step)
			}
			if step%5 == 0 && s.Settle() != nil {
				t.Fatal("settle failed")
			}
		}
		want.Write(data[at:])
		if err := s.Rest(); !errors.Is(err, io.EOF) || !bytes.Equal(out.Bytes(), want.Bytes()) {
			t.Errorf("%q arrives, want %q (%v)", out.Bytes(), want.Bytes(), err)
		}
	})
}
