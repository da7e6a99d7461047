package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// header starts an observations file. The rest are frames: a length and then the
// fields of one observation as varints, times in microseconds. A journey of five steps
// takes about 25 bytes, ten minutes at 400 journeys/s take 6 MB.
const header = "blastgauge/observations/v1\n"

const maxFrame = 4096 // no journey has more than some hundred steps

// mostTogether is how many journeys the observations of a run may be of.
const mostTogether = 1_000_000_000_000

// maxCounted is how many journeys those of more than one may be of, of an experiment, where
// they are read one by one.
// Whoever reads them does so one by one, and a short file must not keep him for days.
const maxCounted = 100_000_000

// errFrame is the error of a damaged observations file.
var errFrame = errors.New("damaged observation")

// errCounted is the error of more journeys than anybody reads one by one.
var errCounted = fmt.Errorf("counts of more than %d journeys", maxCounted)

func appendFrame(b []byte, o Observation) []byte {
	body := make([]byte, 0, 64)
	body = binary.AppendUvarint(body, uint64(o.Experiment))
	body = binary.AppendUvarint(body, uint64(o.Journey))
	body = append(body, byte(o.Arm)|byte(o.Outcome)<<1|byte(o.Cause)<<3)
	body = binary.AppendVarint(body, int64(o.Step))
	for _, d := range []time.Duration{o.Intended, o.Late, o.Took} {
		body = binary.AppendVarint(body, d.Microseconds())
	}
	body = binary.AppendUvarint(body, uint64(len(o.Steps)))
	for _, d := range o.Steps {
		body = binary.AppendVarint(body, d.Microseconds())
	}
	counted := o.Count > 1
	if o.Why > 0 || o.Paused > 0 || o.Draw > 0 || counted { // what most journeys do not have comes last, and only where it is needed
		body = binary.AppendUvarint(body, uint64(o.Why))
	}
	if o.Paused > 0 || o.Draw > 0 || counted {
		body = binary.AppendVarint(body, o.Paused.Microseconds())
	}
	if o.Draw > 0 || counted {
		body = binary.AppendUvarint(body, uint64(o.Draw))
	}
	if counted {
		body = binary.AppendUvarint(body, uint64(o.Count))
	}
	return append(binary.AppendUvarint(b, uint64(len(body))), body...)
}

// Observations are those of a run, on disk. They can be read any number of times, one
// experiment at a time, and are never held in memory.
type Observations struct {
	r      io.ReaderAt
	parts  map[int]part // by experiment
	damage error
}

// A part is the range of bytes that holds all observations of an experiment, and
// perhaps some of the experiments before and after it.
type part struct {
	from, to int64
	counted  int // journeys of its observations of more than one
}

// OpenObservations reads the observations in r once, to find the part of each
// experiment. A file that ends in the middle of a frame ends at the last whole one, as
// the run that wrote it may have died. Anything else that is wrong is
// [Observations.Damage].
func OpenObservations(r io.ReaderAt) *Observations {
	all := &Observations{r: r, parts: map[int]part{}}
	f := newFrames(r, part{to: math.MaxInt64})
	if all.damage = f.skipHeader(); all.damage != nil {
		return all
	}
	var o Observation
	counted := 0
	for n := 1; ; n++ {
		from := f.at
		err := f.next(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err == nil && o.Count > 1 {
			if counted += o.Count; counted > mostTogether {
				err = errCounted
			}
		}
		if err != nil {
			all.damage = fmt.Errorf("observation %d: %w", n, err)
			return all
		}
		p, found := all.parts[o.Experiment]
		if !found {
			p.from = from
		}
		p.to = f.at
		if o.Count > 1 {
			p.counted += o.Count
		}
		all.parts[o.Experiment] = p
	}
}

// Damage is the error after which the rest of the file could not be read; nil if there
// was none.
func (all *Observations) Damage() error { return all.damage }

// Of yields the observations of an experiment, one for each journey: what is of many comes
// so many times. Each is valid until the next.
func (all *Observations) Of(experiment int) iter.Seq2[*Observation, error] {
	return func(yield func(*Observation, error) bool) {
		if all.parts[experiment].counted > maxCounted {
			yield(nil, errCounted)
			return
		}
		for o, err := range all.Together(experiment) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yieldEach(o, yield) {
				return
			}
		}
	}
}

// Together yields them as well, and what is of many journeys once, with its Count.
func (all *Observations) Together(experiment int) iter.Seq2[*Observation, error] {
	return func(yield func(*Observation, error) bool) {
		p := all.parts[experiment]
		f := newFrames(all.r, p)
		var o Observation
		for f.at < p.to {
			switch err := f.next(&o); {
			case err != nil:
				yield(nil, err) // the file has changed since it was opened
				return
			case o.Experiment == experiment && !yield(&o, nil):
				return
			}
		}
	}
}

// yieldEach yields an observation for each of its journeys. It reports false where no more
// are wanted.
func yieldEach(o *Observation, yield func(*Observation, error) bool) bool {
	times := o.Times()
	o.Count = 0
	for range times {
		if !yield(o, nil) {
			return false
		}
	}
	return true
}

// frames reads one frame after the other into the same memory.
type frames struct {
	br   *bufio.Reader
	at   int64 // where the next frame starts
	body []byte
}

func newFrames(r io.ReaderAt, p part) *frames {
	return &frames{br: bufio.NewReaderSize(io.NewSectionReader(r, p.from, p.to-p.from), 1<<16), at: p.from}
}

// skipHeader skips the header. A run that died before its first flush wrote none.
func (f *frames) skipHeader() error {
	head := make([]byte, len(header))
	n, err := io.ReadFull(f.br, head)
	f.at += int64(n)
	if err == nil && string(head) != header {
		return errors.New("not an observations file")
	}
	return nil
}

// ReadByte reads a byte of a frame's length, and counts it.
func (f *frames) ReadByte() (byte, error) {
	b, err := f.br.ReadByte()
	if err == nil {
		f.at++
	}
	return b, err
}

// next reads the next frame into o. Its error is io.EOF after the last whole frame.
func (f *frames) next(o *Observation) error {
	size, err := binary.ReadUvarint(f)
	if err == nil && size > maxFrame {
		return errFrame
	}
	if err == nil {
		f.body = slices.Grow(f.body[:0], int(size))[:size]
		_, err = io.ReadFull(f.br, f.body)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	if err != nil {
		return err
	}
	f.at += int64(size)
	return parseFrame(f.body, o)
}

// A cursor reads varints and remembers whether one was missing.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) unsigned(limit uint64) int {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > limit {
		c.bad = true
		return 0
	}
	c.b = c.b[n:]
	return int(v)
}

func (c *cursor) signed() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) micros() time.Duration {
	d, ok := boundedMicros(c.signed())
	c.bad = c.bad || !ok
	return d
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.bad = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

// parseFrame reads an observation into o, whose memory it uses again.
func parseFrame(body []byte, o *Observation) error {
	c := &cursor{b: body}
	o.Experiment, o.Journey = c.unsigned(1<<20), c.unsigned(1<<20)
	flags := c.byte()
	o.Arm, o.Outcome, o.Cause = plan.Arm(flags&1), Outcome(flags>>1&3), Cause(flags>>3)
	o.Step = int(c.signed())
	o.Intended, o.Late, o.Took = c.micros(), c.micros(), c.micros()
	o.Steps = o.Steps[:0]
	for range c.unsigned(maxFrame) {
		o.Steps = append(o.Steps, c.micros())
		if c.bad {
			break
		}
	}
	o.Why, o.Paused, o.Draw, o.Count = 0, 0, 0, 0
	if !c.bad && len(c.b) > 0 { // frames of older versions end before it
		o.Why = c.unsigned(MaxCauses)
	}
	if !c.bad && len(c.b) > 0 {
		o.Paused = c.micros()
	}
	if !c.bad && len(c.b) > 0 {
		o.Draw = c.unsigned(experiments.Draws - 1)
	}
	if !c.bad && len(c.b) > 0 {
		o.Count = c.unsigned(MaxCount)
	}
	if c.bad || len(c.b) > 0 || o.Cause > lastCause || o.Step < -1 || o.Step > maxFrame {
		return errFrame
	}
	return nil
}
