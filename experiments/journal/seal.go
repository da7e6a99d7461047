package journal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

// Every line of a journal ends with a checksum, so that damage shows. Without one, a
// flipped letter in the name of a proxy is a journal about another proxy, whose
// absence would prove a fault gone.
//
// The checksum is a CRC-32C of the line's bytes before it, seeded with the checksum of
// the line before: a line that is missing, doubled or out of its place shows as well.
// Only a tail that is missing as a whole does not; that is why a journal ends with
// [RunEnded].

// seal is the end of a line, with a checksum of zero.
const seal = `,"crc":"00000000"}`

// sealStart is what the end of a line is known by.
const sealStart = `,"crc":"`

var (
	errUnsealed    = errors.New("the line has no checksum")
	errWrongSealed = errors.New("the checksum is not that of the line: it is damaged, or a line before it is missing")
)

// A chain is the checksum of the lines so far; zero before the first.
type chain uint32

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// seal appends the checksum to a line, which is a JSON object with a member or more. It
// may write into line.
func (c chain) seal(line []byte) (sealed []byte, next chain) {
	body := line[:len(line)-1] // without the closing brace
	next = c.after(body)
	return next.appendSeal(body), next
}

func (c chain) after(body []byte) chain {
	return chain(crc32.Update(uint32(c), castagnoli(), body))
}

func (c chain) appendSeal(line []byte) []byte {
	return fmt.Appendf(line, `%s%08x"}`, sealStart, uint32(c))
}

// check checks a line without its newline. The form of the checksum is compared as it
// is written, so that damage in it shows, too.
func (c chain) check(line []byte) (next chain, err error) {
	if !isSealed(line) {
		return c, errUnsealed
	}
	body := line[:len(line)-len(seal)]
	next = c.after(body)
	if !bytes.Equal(line[len(body):], next.appendSeal(nil)) {
		return c, errWrongSealed
	}
	return next, nil
}

// isSealed reports whether a line ends with a checksum, right or wrong.
func isSealed(line []byte) bool {
	return len(line) > len(seal) && bytes.HasPrefix(line[len(line)-len(seal):], []byte(sealStart))
}

// A sealedFile is a file of lines with checksums.
type sealedFile struct {
	*os.File
	written, synced sealedLines // synced are known to be on disk, and written may be
}

// sealedLines are the lines from the beginning of a file up to some place.
type sealedLines struct {
	size int64 // bytes
	sum  chain
}

// append adds a line and returns once it is on disk, with all before it. When the disk
// is full, a part of the line may have been written; it is cut off again, because the
// next line must not continue it. Lines that were only noted go as well then: whether
// they are whole is not known. It may write into line.
func (f *sealedFile) append(line []byte) error {
	if err := f.note(line); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.written = f.synced
		return errors.Join(err, f.Truncate(f.synced.size))
	}
	f.synced = f.written
	return nil
}

// note adds a line without waiting for the disk. It may write into line.
func (f *sealedFile) note(line []byte) error {
	sealed, sum := f.written.sum.seal(line)
	n, err := f.Write(append(sealed, '\n'))
	if err != nil {
		return errors.Join(err, f.Truncate(f.written.size))
	}
	f.written = sealedLines{f.written.size + int64(n), sum}
	return nil
}
