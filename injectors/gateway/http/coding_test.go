package http

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A small body that stands for much more than the limit costs about the limit, and
// is not made bad.
func TestBombs(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 48<<20)
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		bomb := encode(name, zeros)
		if len(bomb) > limit {
			t.Fatalf("%s: %d bytes are no bomb", name, len(bomb))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(name, bomb, limit)
		runtime.ReadMemStats(&after)
		if err == nil || err.Error() != tooLong {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d MiB were allocated for a document of at most 1", name, used>>20)
		}
	}
}

// A frame that asks for more memory than the web allows is left alone, whatever is
// in it.
func TestZstdThatReachesFar(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(64<<20))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(`{"a"`))
	_ = w.Flush() // now it cannot know how long the whole is
	_, _ = w.Write([]byte(`:1}`))
	_ = w.Close()
	if _, err := decode("zstd", b.Bytes(), 1<<20); err == nil || err.Error() != "its content coding cannot be undone" {
		t.Errorf("%v", err)
	}
}

// Whatever comes as a coded body is read, or refused, and what is read is written
// again so that it reads the same.
func FuzzCodings(f *testing.F) {
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		whole := encode(name, bytes.Repeat([]byte(`{"a": 1}`), 100))
		f.Add(name, whole)
		f.Add(name, whole[:len(whole)-3])
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		const limit = 1 << 16
		plain, err := decode(name, body, limit)
		if err != nil {
			return
		}
		if len(plain) > limit {
			if c, _ := codingByName(name); c.reader != nil {
				t.Fatalf("%d bytes, more than the limit", len(plain))
			}
		}
		if again, err := decode(name, encode(name, plain), int64(len(plain))); err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("%q is %q when it is read again: %v", plain, again, err)
		}
	})
}
