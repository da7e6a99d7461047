package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// asking is what Requests remembers.
type asking struct {
	prepared, portals map[string]*query // by name
	round             int64             // that is being asked
	executed          int               // in the round
	copying           *copying          // not nil: the last statement was COPY FROM, in the extended protocol
	skips             bool              // up to Sync, as the server does after an error
	predicted         byte              // the session's state, when all is done that was asked
	issued            uint64            // statements that fail so far
}

// A query is what a client asked in one text.
type query struct {
	text       string // the beginning of it
	statements []statement
}

func newQuery(text []byte) *query {
	q := &query{text: string(text[:min(len(text), maxText)])}
	q.statements = parse(q.text)
	return q
}

// calls tells whether a query is a call: whether it does more than set up or look
// at the session, as clients do on every new connection and pools between two uses
// of one, so that a fault that costs connections would look like a storm of calls.
// BEGIN, COMMIT and ROLLBACK are calls, as a journey waits for each, and may try
// each again. Several statements in one text are one call, as they are one wait.
func (q *query) calls() bool {
	return slices.ContainsFunc(q.statements, func(st statement) bool {
		switch st.tag {
		case "SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE":
			return false
		}
		return true
	})
}

// Requests passes messages on, under the faults in force, until an error says how
// the client ended. The error of a write is the upstream's, which Replies sees.
func (s *Session) Requests() error {
	err := s.start()
	for err == nil {
		err = s.request()
	}
	if errors.Is(err, errForeign) {
		err = s.up.Rest() // the server judges it
	}
	if errors.Is(err, io.EOF) {
		s.up.Keep(len(s.up.Ahead()))
		s.up.Flush()
	}
	return err
}

// request deals with one message.
func (s *Session) request() error {
	mark, size, err := head(s.up)
	if err != nil {
		return err
	}
	if s.skips && bytes.IndexByte([]byte("PBDEHC"), mark) >= 0 {
		return s.up.Take(5+size, false)
	}
	switch mark {
	case 'Q':
		return s.simple(size)
	case 'P':
		return s.parse(size)
	case 'B':
		return s.bind(size)
	case 'E':
		return s.execute(size)
	case 'C':
		return s.close(size)
	case 'S':
		return s.sync(size)
	case 'F': // a function is called, which ends in ReadyForQuery
		s.Asked()
		s.ends()
	case 'c', 'f':
		s.copied()
	}
	return s.up.Take(5+size, true)
}

// ends notes the end of a round.
func (s *Session) ends() {
	s.round++
	s.executed, s.copying = 0, nil
}

// sync deals with the end of what was asked in the extended protocol.
func (s *Session) sync(size int) error {
	s.skips = false
	c := s.copying
	switch {
	case c == nil || c.ended || s.over.Load() > c.round:
		c = nil
	case s.agreed.Load() == c.round && s.round > c.round: // its data breaks off
		s.joins(c)
		c = nil
	}
	s.ends()
	s.copying = c
	return s.up.Take(5+size, true)
}

// A copying is a COPY FROM whose data is awaited. When the server agrees to it, all
// that is asked up to the end of the data is one round: it does not heed a Sync
// before that. When it does not agree, it heeds each Sync and not the data.
type copying struct {
	round    int64 // in which it was asked
	executed int   // statements in that round, up to this one
	ended    bool  // the data has
}

// copied notes the end of the data of a COPY.
func (s *Session) copied() {
	if c := s.copying; c != nil && !c.ended {
		c.ended = true
		s.joins(c)
	}
}

// joins notes which rounds are one when the server agrees to a COPY.
func (s *Session) joins(c *copying) {
	if s.round == c.round {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joints = append(s.joints, joint{from: c.round, to: s.round, executed: c.executed})
}

// simple deals with a query in one message.
func (s *Session) simple(size int) error {
	text, err := body(s.up, size, maxText)
	if err != nil {
		return err
	}
	q := newQuery(bytes.TrimRight(text, "\x00"))
	if q.calls() {
		s.Asked()
	}
	p, err := s.meets(q)
	s.predict(q)
	round := s.round
	s.ends()
	switch {
	case err != nil:
		return err
	case p == nil:
		return s.up.Take(5+size, true)
	}
	p.round = round
	switch {
	case p.rule.when == after:
		s.promise(p)
		return s.up.Take(5+size, true)
	case p.of.kind == commits && !p.rule.fatal:
		s.promise(p)
		return s.instead(size, &pgproto3.Query{String: "ROLLBACK"})
	}
	p.id = s.issue()
	s.promise(p)
	return s.instead(size, &pgproto3.Query{String: marked(p.id)})
}

// instead sends another message in the place of the one that comes.
func (s *Session) instead(size int, m pgproto3.FrontendMessage) error {
	if err := s.up.Take(5+size, false); err != nil {
		return err
	}
	b, err := m.Encode(nil)
	s.up.Put(b)
	return err
}

// marker begins the names of what is not there.
const marker = "blastgauge_fault_"

func marked(id uint64) string { return marker + strconv.FormatUint(id, 10) }

func (s *Session) issue() uint64 {
	s.issued++
	return s.issued
}

// parse remembers a statement that is prepared.
func (s *Session) parse(size int) error {
	b, err := body(s.up, size, maxText)
	if err != nil {
		return err
	}
	if name, rest, ok := cut(b); ok {
		text, _, _ := cut(rest)
		s.remember(s.prepared, name, newQuery(text))
	}
	return s.up.Take(5+size, true)
}

// bind remembers which statement a portal executes.
func (s *Session) bind(size int) error {
	b, err := body(s.up, size, maxText)
	if err != nil {
		return err
	}
	if portal, rest, ok := cut(b); ok {
		statement, _, _ := cut(rest)
		s.remember(s.portals, portal, s.prepared[string(statement)])
	}
	return s.up.Take(5+size, true)
}

// maxNames bounds what is remembered of a client that closes nothing: when there are
// more all are forgotten, as what it has named last is what it will use.
const maxNames = 10_000

func (s *Session) remember(names map[string]*query, name []byte, q *query) {
	if _, known := names[string(name)]; !known && len(names) >= maxNames {
		clear(names)
	}
	if names[string(name)] != q {
		names[string(name)] = q
	}
}

// close forgets a statement or a portal.
func (s *Session) close(size int) error {
	b, err := body(s.up, size, maxText)
	if err != nil {
		return err
	}
	if len(b) > 1 {
		name, _, _ := cut(b[1:])
		switch b[0] {
		case 'S':
			delete(s.prepared, string(name))
		case 'P':
			delete(s.portals, string(name))
		}
	}
	return s.up.Take(5+size, true)
}

// cut parts a text that ends in a zero byte from what follows.
func cut(b []byte) (text, rest []byte, ok bool) { return bytes.Cut(b, []byte{0}) }

// execute deals with a statement that was prepared.
func (s *Session) execute(size int) error {
	b, err := body(s.up, size, maxText)
	if err != nil {
		return err
	}
	portal, _, _ := cut(b)
	q := s.portals[string(portal)]
	if q == nil || q.calls() {
		s.Asked()
	}
	s.copying = nil
	if q == nil {
		s.executed++
		return s.up.Take(5+size, true)
	}
	if len(q.statements) > 0 && q.statements[0].tag == "COPY FROM" {
		s.copying = &copying{round: s.round, executed: s.executed + 1}
	}
	p, err := s.meets(q)
	if err != nil {
		return err
	}
	s.predict(q)
	if p == nil {
		s.executed++
		return s.up.Take(5+size, true)
	}
	p.round, p.after = s.round, s.executed
	s.executed++
	switch {
	case p.rule.when == after:
		s.promise(p)
		return s.up.Take(5+size, true)
	case p.of.kind == commits && !p.rule.fatal:
		// The session's state shall be the one after a COMMIT that failed, and what
		// follows must not be done.
		p.twice, s.skips = true, true
		s.promise(p)
		return s.instead(size, &pgproto3.Query{String: "ROLLBACK"})
	}
	p.id = s.issue()
	s.promise(p)
	return s.instead(size, &pgproto3.Execute{Portal: marked(p.id)})
}

// meets says what a query meets: nil where it is nothing. A fault that delays has
// done so.
func (s *Session) meets(q *query) (*plan, error) {
	faults := s.Force.Now()
	if len(faults) == 0 {
		return nil, nil
	}
	in := s.now()
	for _, e := range faults {
		r, ok := e.Rule.(*rule)
		if !ok || r.when == connect {
			continue
		}
		e.Saw()
		st, ok := r.matches(q)
		if !ok || in == aborted || r.when == after && st.kind != commits && in != idle {
			continue
		}
		act, ok := e.Draw()
		switch {
		case !ok:
		case e.Kind != kindLatency:
			return &plan{act: act, rule: r, of: st}, nil
		case act.Begins():
			if err := s.wait(act); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

func (s *Session) wait(act faultset.Act) error {
	if err := s.up.Flush(); err != nil {
		return err
	}
	if !act.Wait(s.Context) {
		return s.Context.Err()
	}
	return nil
}

// now is the state that the session will be in when all is done that was asked so
// far.
func (s *Session) now() byte {
	if s.over.Load() == s.round {
		s.predicted = byte(s.state.Load())
	}
	return s.predicted
}

// predict goes on with what a query does to the session's state.
func (s *Session) predict(q *query) {
	s.now()
	for _, st := range q.statements {
		switch st.kind {
		case begins:
			s.predicted = inBlock
		case commits, rollback:
			s.predicted = idle
		}
	}
}

// The requests in which a session begins, by what stands in place of a version.
const (
	askCancel  = 80877102
	askSSL     = 80877103
	askGSS     = 80877104
	longest    = 10_000 // of a start-up, as the server has it
	majorThree = 3
)

// start deals with what comes before the first message.
func (s *Session) start() error {
	for asked := range 3 { // GSS, SSL, and then it must come
		for len(s.up.Ahead()) < 8 {
			if err := s.up.Fill(); err != nil {
				if asked > 0 { // it tries again without encryption, on another connection
					s.Spared()
				}
				return err
			}
		}
		size, code := binary.BigEndian.Uint32(s.up.Ahead()), binary.BigEndian.Uint32(s.up.Ahead()[4:])
		switch {
		case size == 8 && (code == askSSL || code == askGSS):
			s.up.Drop(8)
			if _, err := s.Client.Write([]byte{'N'}); err != nil { // the server has nothing to say yet
				return errors.Join(stream.ErrSink, err)
			}
			continue
		case size < 8 || size > longest || code>>16 != majorThree:
			if code == askCancel {
				s.Spared()
			}
			s.raw.Store(true) // a cancellation, or nothing that we know
			return errForeign
		}
		return s.startUp(int(size))
	}
	s.raw.Store(true)
	return errForeign
}

// startUp deals with the message in which a client says who it is.
func (s *Session) startUp(size int) error {
	for len(s.up.Ahead()) < size {
		if err := s.up.FillUpTo(longest); err != nil {
			return err
		}
	}
	var m pgproto3.StartupMessage
	if m.Decode(s.up.Ahead()[4:size]) != nil || m.Parameters["replication"] != "" && m.Parameters["replication"] != "false" {
		s.raw.Store(true)
		return errForeign
	}
	if f := s.atConnect(); f != nil {
		return s.refuse(f)
	}
	s.round, s.predicted = 1, idle
	return s.up.Take(size, true)
}

// atConnect is the fault that keeps a client out; nil where none does.
func (s *Session) atConnect() *rule {
	for _, e := range s.Force.Now() {
		r, ok := e.Rule.(*rule)
		if !ok || r.when != connect {
			continue
		}
		e.Saw()
		if act, ok := e.Draw(); ok && act.Begins() {
			return r
		}
	}
	return nil
}

// refuse keeps a client out.
func (s *Session) refuse(r *rule) error {
	b, err := r.failure(statement{}).Encode(nil)
	if err != nil {
		return err
	}
	if _, err := s.Client.Write(b); err != nil {
		return errors.Join(stream.ErrSink, err)
	}
	return stream.ErrLast
}
