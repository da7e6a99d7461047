package live

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/report/terminal"
)

// A console draws frames on a terminal, each in the place of the one before, and prints
// lines above them. It differs from the writer that mpb brings in what it sends:
//
//   - It never erases the screen below the cursor. At the top of a screen, tmux and
//     others take that for the wish to keep what stands there, and every frame would be
//     in the scrollback.
//   - Each frame begins in the first column, wherever a terminal has left the cursor when
//     it echoed a ^C.
//   - A frame is never higher than the screen and none of its lines wraps, also after
//     the terminal was made smaller.
//
// After its first error it draws nothing any more: a run goes on without its view.
type console struct {
	mu    sync.Mutex
	out   io.Writer
	size  func() (columns, rows int)
	above bytes.Buffer // lines to print above the next frame
	next  bytes.Buffer // the next frame
	drawn []int        // widths of the lines on the screen, in columns
	last  [2]int       // the size when they were drawn
	lost  bool         // nobody reads the output any more
	asks  bool         // in place of frames, somebody types an answer
	asked bool         // the question stands there
}

func newConsole(out io.Writer, size func() (columns, rows int)) *console {
	return &console{out: out, size: size}
}

// IsTerminal makes mpb draw.
func (c *console) IsTerminal() bool { return true }

// GetTermSize has no error: mpb would stop at it. Nor has it a height, to which mpb would
// cut frames by lines that may be empty.
func (c *console) GetTermSize() (columns, rows int, err error) {
	columns, _ = c.size()
	return columns, math.MaxInt, nil
}

// Write takes whole lines that stay, above the next frame.
func (c *console) Write(lines []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.above.Write(lines)
}

// ReadFrom takes a part of the next frame.
func (c *console) ReadFrom(r io.Reader) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next.ReadFrom(r)
}

// Flush draws the next frame. It counts its lines itself.
func (c *console) Flush(int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draw(strings.Split(strings.TrimSuffix(c.next.String(), "\n"), "\n"))
	return nil
}

// question stands before the cursor where somebody types.
const question = "> "

// ask takes the frame from the screen and puts a question in its place. Until it is
// answered, frames are not drawn: they would erase what somebody types.
func (c *console) ask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asks, c.asked = true, false
	c.draw(nil)
}

// answered draws frames again, from the line of the cursor on.
func (c *console) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asks = false
}

// Close takes the frame from the screen. Lines that are left to print are printed.
func (c *console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asks = false
	c.draw(nil)
}

// print prints lines on a terminal that has no frame any more.
func (c *console) print(lines []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(lines)
}

// draw prints what is to stand above, and a frame in place of the last one. mu must be
// held.
func (c *console) draw(frame []string) {
	columns, rows := c.size()
	if c.asks {
		frame = nil
	}
	if c.asks && c.asked && c.above.Len() == 0 {
		c.next.Reset()
		return
	}
	frame = fit(frame, columns, rows)
	var b bytes.Buffer
	up := rowsOf(c.drawn, columns)
	moveUp(&b, up)
	if c.above.Len() > 0 || len(frame) != len(c.drawn) || c.last != [2]int{columns, rows} {
		clearRows(&b, up+1)
	}
	_, _ = c.above.WriteTo(&b) // a buffer takes everything
	c.drawn = c.drawn[:0]
	for _, line := range frame {
		b.WriteString(clearLine + line + "\n")
		c.drawn = append(c.drawn, terminal.Width(line))
	}
	b.WriteString(clearLine) // what was typed meanwhile, such as ^C
	if c.asked = c.asks; c.asks {
		b.WriteString(question)
	}
	c.next.Reset()
	c.last = [2]int{columns, rows}
	c.send(b.Bytes())
}

// send writes to the terminal. mu must be held.
func (c *console) send(text []byte) {
	if c.lost {
		return
	}
	_, err := c.out.Write(text)
	c.lost = err != nil
}

// fit cuts a frame to a screen. Below it stays a line for the cursor. Where the screen is
// too low, empty lines go first, and the last line, which has the time, stays.
func fit(frame []string, columns, rows int) []string {
	var list []string
	for _, line := range frame {
		line = strings.TrimRight(terminal.Truncate(line, columns-1), " ")
		if line != "" || len(list) > 0 && len(frame) < rows {
			list = append(list, line)
		}
	}
	if most := max(rows-1, 1); len(list) > most {
		list = append(list[:most-1], list[len(list)-1])
	}
	return list
}

// rowsOf is how many rows lines take on a terminal that wraps those that have become too
// long.
func rowsOf(widths []int, columns int) (rows int) {
	for _, w := range widths {
		rows += max(1, (w+columns-1)/max(columns, 1))
	}
	return rows
}

const clearLine = "\x1b[K" // to the right of the cursor

// moveUp moves the cursor to the first column, so many rows up.
func moveUp(b *bytes.Buffer, rows int) {
	b.WriteByte('\r')
	if rows > 0 {
		fmt.Fprintf(b, "\x1b[%dA", rows)
	}
}

// clearRows clears so many rows and leaves the cursor in the first one.
func clearRows(b *bytes.Buffer, rows int) {
	b.WriteString(strings.Repeat(clearLine+"\n", rows-1) + clearLine)
	moveUp(b, rows-1)
}
