package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// maxLine is the longest line that is read, in bytes. The plan, with all documents, is
// the longest one that a run writes.
const maxLine = 64 << 20

// ReadEvents yields the events in r in order and stops after the first error. A last
// line without an end is not an error: a run that is killed in the middle of a write
// leaves one behind. It is dropped.
//
// It is for reports. A journal whose first line has no checksum was written by an older
// version and is read without any; in every other one each checksum must be right.
func ReadEvents(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var sum chain
		sealed := false
		readLines(r, func(n int, line []byte) error {
			var err error
			if n == 1 {
				sealed = isSealed(line)
			}
			if sealed || isSealed(line) {
				sum, err = sum.check(line)
			}
			return err
		}, yield)
	}
}

// readProven yields the events in r as [ReadEvents] does, but for a clean-up, which
// must not be misled: every line must have the right checksum.
func readProven(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var sum chain
		readLines(r, func(_ int, line []byte) (err error) {
			sum, err = sum.check(line)
			return err
		}, yield)
	}
}

// readLines yields the event on each line that check lets pass. Lines are counted from
// one.
func readLines(r io.Reader, check func(n int, line []byte) error, yield func(Event, error) bool) {
	br := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(Event{}, fmt.Errorf("read journal: line %d: %w", n, err))
			return
		}
		var e Event
		if err = check(n, line); err == nil {
			err = json.Unmarshal(line, &e)
		}
		if err != nil {
			yield(Event{}, fmt.Errorf("journal line %d: %w", n, err))
			return
		}
		if !yield(e, nil) {
			return
		}
	}
}

// readLine reads a line and returns it without its newline. A line without one is the
// end of the file.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > maxLine:
			return nil, fmt.Errorf("it is longer than %d MB", maxLine>>20)
		}
	}
}
