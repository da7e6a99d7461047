package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	pages "github.com/blastgauge/blastgauge/report/live"
)

const (
	renderEvery  = time.Second
	tickEvery    = 10 // renderings: how often a quiet stream shows that it is there
	mostReaders  = 100
	forOperators = 10 // of those: whoever may act has a page, however many look
	mostUnread   = 16 // messages, after which a reader is left behind
	retryAfter   = 2 * time.Second
	writeTimeout = 5 * time.Second
)

// A shown run is one that the page is about, with those who read of it.
type shown struct {
	s       *Server
	index   int
	control Control // of the server's lock

	mu       sync.Mutex
	progress *progress.Progress    // nil: the run has not begun
	parts    map[string]pages.Part // as they were sent last
	latest   []pages.Part          // as they were rendered last; nil: something has happened since
	at       time.Time             // when they were
	rows     []pages.Entry         // the time line, rendered once for all
	rendered int                   // how many entries were, of all that there ever were
	entered  int                   // how many of them were sent
	readers  map[*reader]bool
	quiet    int // seconds without a message
	ended    bool
}

// A reader is a stream of events to one page.
type reader struct {
	messages chan []byte // closed when nothing comes any more
	operator bool
}

func newShown(s *Server, index int) *shown {
	return &shown{s: s, index: index, readers: map[*reader]bool{}, parts: map[string]pages.Part{}}
}

// begin shows a run from now on.
func (r *shown) begin(p *plan.Plan) *View {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress, r.rows, r.rendered = progress.New(p, time.Now()), nil, 0
	r.entered, r.latest = 0, nil
	return &View{r}
}

// A View takes what happens in a run. It must be told by one goroutine at a time.
type View struct{ r *shown }

// Record takes an event.
func (v *View) Record(e journal.Event) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.progress.Record(e, time.Now())
	v.r.latest = nil
}

// Observe takes the end of a journey.
func (v *View) Observe(o journal.Observation) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.progress.Observe(o)
}

// See takes what a fault in force has met.
func (v *View) See(fault string, e journal.Evidence) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.progress.See(fault, e)
}

// Judge takes a verdict.
func (v *View) Judge(e *result.Experiment) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.progress.Judge(e)
	v.r.latest = nil
}

// Lose takes how many journeys came too fast for Observe.
func (v *View) Lose(journeys int) {
	v.r.mu.Lock()
	defer v.r.mu.Unlock()
	v.r.progress.Lose(journeys)
}

// Close ends the run. The page stays until its server is closed.
func (v *View) Close() {
	v.r.render(time.Now())
}

// renderOften renders once a second what has changed, until nothing comes any more.
func (r *shown) renderOften(done <-chan struct{}) {
	tick := time.NewTicker(renderEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			r.render(now)
		}
	}
}

// render sends to everybody what has changed. It is rendered once for all; where nobody
// reads, it is not.
func (r *shown) render(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress != nil {
		r.progress.Tick(now)
		r.progress.Estimate(now)
		r.latest = nil
	}
	if len(r.readers) == 0 {
		return
	}
	message := r.changes(now)
	if len(message) == 0 {
		if r.quiet++; r.quiet < tickEvery {
			return
		}
		message = fmt.Appendf(nil, ": alive\nevent: tick\ndata: %s\n\n", now.UTC().Format("15:04:05"))
	}
	r.quiet = 0
	r.send(message)
}

// changes renders new entries, and the parts that differ from those that were sent last. The
// entries come first, with the numbers that a reader comes back with: who loses the connection
// on the way has missed none that is older than the last one it has. mu must be held.
func (r *shown) changes(now time.Time) []byte {
	var b bytes.Buffer
	if r.progress == nil {
		return nil
	}
	rows := r.timeLine()
	for _, e := range rows[max(0, len(rows)-(r.rendered-r.entered)):] {
		writeEntry(&b, e)
	}
	r.entered = r.rendered
	for _, p := range r.partsAt(now) {
		if r.parts[p.Name] != p {
			r.parts[p.Name] = p
			writePart(&b, p)
		}
	}
	return b.Bytes()
}

// partsAt are the parts as they are at a moment, or were shortly before: however many ask,
// they are rendered twice a second. mu must be held.
func (r *shown) partsAt(now time.Time) []pages.Part {
	if r.latest != nil && now.Sub(r.at) < renderEvery/2 {
		return r.latest
	}
	r.latest, r.at = pages.Parts(r.progress, r.label(), now), now
	return r.latest
}

// timeLine are all entries. Each is rendered once. mu must be held.
func (r *shown) timeLine() []pages.Entry {
	if fresh := r.progress.Entered - r.rendered; fresh > 0 {
		r.rendered = r.progress.Entered
		r.rows = append(r.rows, pages.Newest(r.progress, fresh)...)
		r.rows = r.rows[max(0, len(r.rows)-len(r.progress.Entries)):]
	}
	return r.rows
}

// rowsFrom are the entries from the event of a number on. mu must be held.
func (r *shown) rowsFrom(seq int) []pages.Entry {
	rows := r.timeLine()
	i := slices.IndexFunc(rows, func(e pages.Entry) bool { return e.Seq >= seq })
	if i < 0 {
		return nil
	}
	return rows[i:]
}

func (r *shown) label() string {
	if len(r.s.options.Labels) == 0 {
		return ""
	}
	return r.s.options.Labels[r.index]
}

// send queues a message for everybody. A reader whose queue is full is left behind: it comes
// back, or is no loss. mu must be held.
func (r *shown) send(message []byte) {
	if len(message) == 0 {
		return
	}
	for one := range r.readers {
		select {
		case one.messages <- message:
		default:
			close(one.messages)
			delete(r.readers, one)
		}
	}
}

// join adds a reader. Its first message has the entries from the event on that it has seen
// last, and all parts as they are.
func (r *shown) join(last int, operator bool, now time.Time) (*reader, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.readers) >= mostReaders || !operator && r.observers() >= mostReaders-forOperators {
		return nil, false
	}
	one := &reader{make(chan []byte, mostUnread), operator}
	var b bytes.Buffer
	fmt.Fprintf(&b, "retry: %d\n\n", retryAfter.Milliseconds())
	if r.progress != nil {
		r.writeAll(&b, last, now)
	}
	one.messages <- b.Bytes()
	if r.ended {
		one.messages <- r.overMessage()
		close(one.messages)
		return one, true
	}
	r.readers[one] = true
	return one, true
}

// observers is how many of the readers may only look. mu must be held.
func (r *shown) observers() (n int) {
	for one := range r.readers {
		if !one.operator {
			n++
		}
	}
	return n
}

// writeAll writes the entries since an event, and all parts. mu must be held.
func (r *shown) writeAll(b *bytes.Buffer, last int, now time.Time) {
	r.send(r.changes(now)) // what is new for this reader is new for all
	for _, e := range r.rowsFrom(last) {
		writeEntry(b, e)
	}
	for _, name := range pages.Names() {
		writePart(b, r.parts[name])
	}
}

// leave takes a reader away.
func (r *shown) leave(one *reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.readers[one] {
		delete(r.readers, one)
		close(one.messages)
	}
}

// end says to everybody that the run is over, and sends nothing more.
func (r *shown) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.progress != nil && len(r.readers) > 0 {
		r.latest = nil
		r.send(r.changes(time.Now()))
	}
	r.send(r.overMessage())
	for one := range r.readers {
		close(one.messages)
		delete(r.readers, one)
	}
}

// outcome is what is said at the end. mu must be held.
func (r *shown) outcome() pages.End {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return pages.NewEnd(r.progress, r.s.over, r.s.exit)
}

// overMessage says that the run is over. mu must be held.
func (r *shown) overMessage() []byte {
	return message("over", 0, map[string]any{"html": pages.Over(r.outcome())})
}

func writePart(b *bytes.Buffer, p pages.Part) {
	b.Write(message("panel", 0, map[string]any{"panel": p.Name, "html": p.HTML}))
}

func writeEntry(b *bytes.Buffer, e pages.Entry) {
	b.Write(message("entry", e.Seq, map[string]any{"key": e.Key, "html": e.HTML}))
}

// message writes an event of the stream. Its id is the number of an event of the journal; 0:
// it has none.
func message(event string, id int, data any) []byte {
	text, err := json.Marshal(data) // in one line
	if err != nil {
		return nil
	}
	if id == 0 {
		return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, text)
	}
	return fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", id, event, text)
}
