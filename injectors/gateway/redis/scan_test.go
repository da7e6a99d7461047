package redis

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// replies are whole replies of either version, each of which ends where it does.
func replies() []string {
	return []string{
		"+OK\r\n", "-ERR no\r\n", ":1000\r\n", ":-5\r\n", "$5\r\nhello\r\n", "$0\r\n\r\n", "$-1\r\n", "*0\r\n", "*-1\r\n",
		"$11\r\n-ERR\r\n+OK\r\n\r\n",
		"*3\r\n:1\r\n$3\r\nfoo\r\n*2\r\n+a\r\n-b\r\n",
		"*2\r\n*2\r\n*1\r\n$1\r\nx\r\n*0\r\n$-1\r\n",
		"_\r\n", "#t\r\n", ",3.14\r\n", ",inf\r\n", "(3492890328409238509324850943850943825024385\r\n",
		"!21\r\nSYNTAX invalid syntax\r\n", "=15\r\ntxt:Some string\r\n",
		"%2\r\n+first\r\n:1\r\n+second\r\n*2\r\n:2\r\n:3\r\n", "~3\r\n+a\r\n#f\r\n_\r\n", ">3\r\n+message\r\n+channel\r\n$2\r\nhi\r\n", "%0\r\n",
		"|1\r\n+ttl\r\n:3600\r\n$3\r\nfoo\r\n",
		"*3\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n", "|0\r\n+OK\r\n",
		"$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;0\r\n", "*?\r\n:1\r\n*?\r\n.\r\n:3\r\n.\r\n", "%?\r\n+a\r\n:1\r\n.\r\n", "*2\r\n$?\r\n;0\r\n:1\r\n",
	}
}

// Replies end where they do, however the bytes of a stream of them arrive.
func TestRepliesEndWhereTheyDo(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var text string
		var ends []int
		for range 20 {
			text += replies()[r.IntN(len(replies()))]
			ends = append(ends, len(text))
		}
		var s scanner
		for at, piece := 0, 0; at < len(text); {
			if piece == 0 {
				piece = min(1+r.IntN(12), len(text)-at)
			}
			n, over, err := s.next([]byte(text[at : at+piece]))
			if err != nil {
				t.Fatalf("%q at %d: %v", text, at, err)
			}
			at, piece = at+n, piece-n
			if over != (at == ends[0]) || over != s.idle() {
				t.Fatalf("%q: over %v at %d, a reply ends at %d", text, over, at, ends[0])
			}
			if over {
				ends = ends[1:]
			}
		}
		if len(ends) > 0 {
			t.Fatalf("%d replies of %q have no end", len(ends), text)
		}
	}
}

func TestWhatIsNoReply(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\n", "$x\r\n", "$\r\n", "$1 \r\n", "$--1\r\n", "*1\n", "$99999999999999999999\r\n", ";4\r\nabcd\r\n;0\r\n", ".\r\n",
		"*1\r\n.\r\n", "|?\r\n", "\r\n", "$5\rx\n", strings.Repeat("*1\r\n", maxDepth+1),
	} {
		var s scanner
		var err error
		for b := []byte(text); len(b) > 0 && err == nil; {
			var n int
			if n, _, err = s.next(b); n == 0 && err == nil {
				t.Fatalf("%q: nothing is taken", text)
			}
			b = b[n:]
		}
		if !errors.Is(err, errNotRESP) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzScanner: whatever comes, it is taken to the last byte or refused, and where
// replies end does not depend on how it arrives.
func FuzzScanner(f *testing.F) {
	for _, text := range replies() {
		f.Add([]byte(text), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 1 {
			size = 1
		}
		whole, wholeErr := ends(t, b, len(b)+1)
		pieces, piecesErr := ends(t, b, size)
		if !errors.Is(wholeErr, piecesErr) || len(whole) != len(pieces) {
			t.Fatalf("in one piece %v and %v, in pieces of %d %v and %v", whole, wholeErr, size, pieces, piecesErr)
		}
		for i := range whole {
			if whole[i] != pieces[i] {
				t.Fatalf("in one piece %v, in pieces of %d %v", whole, size, pieces)
			}
		}
	})
}

// ends lists where replies end.
func ends(t *testing.T, b []byte, size int) (list []int, err error) {
	var s scanner
	for at := 0; at < len(b); {
		n, over, err := s.next(b[at:min(at+size, len(b))])
		if err != nil {
			return list, err
		}
		if n == 0 {
			t.Fatal("nothing is taken")
		}
		if at += n; over {
			list = append(list, at)
		}
	}
	return list, nil
}

func TestSlots(t *testing.T) {
	t.Parallel()
	for key, slot := range map[string]int{"": 0, "123456789": 12739, "foo": 12182, "{foo}bar": 12182, "x{foo}{bar}": 12182} {
		if got := slotOf(key); got != slot {
			t.Errorf("the slot of %q is %d, want %d", key, got, slot)
		}
		if got := slotOf(string(absent([]byte(key)))); key != "" && got != slot {
			t.Errorf("the slot of what stands for %q is %d, want %d", key, got, slot)
		}
	}
}
