package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
	"github.com/jackc/pgx/v5/pgproto3"
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
	text       string   // the beginning of it
	executes   []string // the texts of what it executes by name
	statements []statement
}

func newQuery(text []byte) *query {
	q := &query{text: string(text[:min(len(text), maxText)])}
	if len(text) <= maxText {
		q.statements = parse(q.text)
		return q
	}
	q.statements = parse(string(text[:min(len(text), maxParsed)]))
	for i := range q.statements {
		q.statements[i].detach()
	}
	return q
}

// kindOf is what tells queries apart that a fault is not about: what their first
// statement does.
func (q *query) kindOf() string {
	switch {
	case len(q.statements) == 0:
		return "an empty query"
	case q.statements[0].kind == other && !slices.Contains(otherVerbs(), q.statements[0].tag):
		return "another statement"
	}
	return q.statements[0].tag
}

// otherVerbs are the statements without a kind that are told apart.
func otherVerbs() []string {
	return []string{"SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE", "PREPARE", "EXECUTE", "EXPLAIN", "ANALYZE", "VACUUM", "CALL", "DO", "LISTEN", "NOTIFY", "UNLISTEN", "LOCK", "SAVEPOINT", "RELEASE", "ROLLBACK", "CLOSE", "MOVE", "CHECKPOINT", "CLUSTER"}
}

// isCall reports whether a query does more than set up or look at the session. Clients
// do that on every new connection, and pools between two uses of one, so that a fault
// that costs connections would look like a storm of calls. BEGIN, COMMIT and ROLLBACK
// are calls: a journey waits for each, and may try each again. Several statements in one
// text are one call, as they are one wait.
func (q *query) isCall() bool {
	return slices.ContainsFunc(q.statements, func(st statement) bool {
		switch st.tag {
		case "SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE":
			return false
		}
		return true
	})
}

// Requests passes messages on, under the active faults, until an error says how the
// client ended. The error of a write is the upstream's, which Replies sees.
func (s *Session) Requests() error {
	defer s.up.Release()
	err := s.start()
	for err == nil {
		err = s.passRequest()
	}
	_ = s.settle() // where a write fails, what comes next says so
	if errors.Is(err, errNotPostgres) {
		err = s.up.Rest() // the server judges it
	}
	if errors.Is(err, io.EOF) {
		s.up.Keep(len(s.up.Ahead()))
		err = errors.Join(err, s.up.Flush())
	}
	return err
}

// passRequest passes on one message, or what a fault wants instead.
func (s *Session) passRequest() error {
	mark, size, err := readHeader(s.up)
	if err != nil {
		return err
	}
	if s.skips && bytes.IndexByte([]byte("PBDEHC"), mark) >= 0 {
		return take(s.up, size, false)
	}
	if bytes.IndexByte([]byte("QPBDEHCF"), mark) >= 0 {
		if err := s.beginRound(); err != nil {
			return err
		}
	}
	if err := s.passMarked(mark, size); err != nil {
		return err
	}
	return s.settleBehind(mark)
}

// passMarked passes on one message of a type.
func (s *Session) passMarked(mark byte, size int) error {
	switch mark {
	case 'Q':
		return s.passQuery(size)
	case 'P':
		return s.passParse(size)
	case 'B':
		return s.passBind(size)
	case 'E':
		return s.passExecute(size)
	case 'C':
		return s.passClose(size)
	case 'S':
		return s.passSync(size)
	case 'F':
		return s.passFunctionCall(size)
	case 'c', 'f':
		s.endCopy()
	}
	return take(s.up, size, true)
}

// nextRound notes that what follows is asked in another round.
func (s *Session) nextRound() {
	s.round++
	s.executed, s.copying, s.begun, s.cancelled = 0, nil, false, false
}

// passSync deals with the end of what was asked in the extended protocol.
func (s *Session) passSync(size int) error {
	s.skips = false
	c := s.copying
	switch {
	case c == nil || c.ended || s.over.Load() > c.round:
		c = nil
	case s.agreed.Load() == c.round && s.round > c.round: // its data breaks off
		s.mergeRounds(c)
		c = nil
	}
	s.nextRound()
	s.copying = c
	return take(s.up, size, true)
}

// A copying is a COPY FROM whose data is awaited. When the server agrees to it, all
// that is asked up to the end of the data is one round: it does not heed a Sync
// before that. When it does not agree, it heeds each Sync and not the data.
type copying struct {
	round    int64 // in which it was asked
	executed int   // statements in that round, up to this one
	ended    bool  // the data has
}

// endCopy notes the end of the data of a COPY.
func (s *Session) endCopy() {
	if c := s.copying; c != nil && !c.ended {
		c.ended = true
		s.mergeRounds(c)
	}
}

// mergeRounds notes which rounds are one when the server agrees to a COPY.
func (s *Session) mergeRounds(c *copying) {
	if s.round == c.round {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merges = append(s.merges, mergedRounds{from: c.round, to: s.round, executed: c.executed})
}

// passQuery deals with a query in one message.
func (s *Session) passQuery(size int) error {
	text, err := readBody(s.up, size, maxParsed)
	if err != nil {
		return err
	}
	q := newQuery(bytes.TrimRight(text, "\x00"))
	if q.isCall() {
		s.CountCall()
	}
	return s.passRound(s.carryOut(q), size)
}

// passFunctionCall deals with a function that is called by its number. Drivers call those
// of large objects so.
func (s *Session) passFunctionCall(size int) error {
	s.CountCall()
	b, err := readBody(s.up, size, maxText)
	if err != nil {
		return err
	}
	return s.passRound(newFunctionCall(b), size)
}

// passRound passes on a message that asks for a query and ends its round.
func (s *Session) passRound(q *query, size int) error {
	p, err := s.planFor(q)
	s.predict(q)
	round, executed := s.round, s.executed
	s.nextRound()
	switch {
	case err != nil:
		return err
	case p == nil:
		return take(s.up, size, true)
	}
	p.round, p.after = round, executed
	switch {
	case p.hit.Rule.when == after:
		s.addPlan(p)
		return take(s.up, size, true)
	case p.statement.kind == commits && !p.hit.Rule.endSession:
		s.addPlan(p)
		return s.replaceMessage(size, &pgproto3.Query{String: "ROLLBACK"})
	}
	p.id = s.nextID()
	s.addPlan(p)
	return s.replaceMessage(size, &pgproto3.Query{String: missingName(p.id)})
}

// replaceMessage sends another message in place of the one that comes.
func (s *Session) replaceMessage(size int, m pgproto3.FrontendMessage) error {
	if err := take(s.up, size, false); err != nil {
		return err
	}
	b, err := m.Encode(nil)
	s.up.Put(b)
	return err
}

// marker begins the names of what does not exist.
const marker = "blastgauge_fault_"

func missingName(id uint64) string { return marker + strconv.FormatUint(id, 10) }

func (s *Session) nextID() uint64 {
	s.issued++
	return s.issued
}

// passParse remembers a statement that is prepared.
func (s *Session) passParse(size int) error {
	b, err := readBody(s.up, size, maxParsed)
	if err != nil {
		return err
	}
	if name, rest, ok := cut(b); ok {
		text, _, _ := cut(rest)
		q := newQuery(text)
		if len(q.statements) > 1 { // the server refuses it
			q.statements = []statement{q.statements[0]}
		}
		if done, err := s.refuseCancelled(q, size); done {
			return err
		}
		s.remember(s.prepared, name, q)
	}
	return take(s.up, size, true)
}

// passBind remembers which statement a portal executes.
func (s *Session) passBind(size int) error {
	b, err := readBody(s.up, size, maxText)
	if err != nil {
		return err
	}
	if portal, rest, ok := cut(b); ok {
		name, _, _ := cut(rest)
		q := s.prepared[string(name)]
		if done, err := s.refuseCancelled(q, size); done {
			return err
		}
		s.remember(s.portals, portal, q)
	}
	return take(s.up, size, true)
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

// passClose forgets a statement or a portal.
func (s *Session) passClose(size int) error {
	b, err := readBody(s.up, size, maxText)
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
	return take(s.up, size, true)
}

// cut splits a text that ends in a zero byte from what follows.
func cut(b []byte) (text, rest []byte, ok bool) { return bytes.Cut(b, []byte{0}) }

// passExecute deals with a statement that was prepared.
func (s *Session) passExecute(size int) error {
	b, err := readBody(s.up, size, maxText)
	if err != nil {
		return err
	}
	portal, _, _ := cut(b)
	q := s.portals[string(portal)]
	if q == nil || q.isCall() {
		s.CountCall()
	}
	s.copying = nil
	var p *plan
	if q != nil {
		if len(q.statements) > 0 && q.statements[0].tag == "COPY FROM" {
			s.copying = &copying{round: s.round, executed: s.executed + 1}
		}
		q = s.carryOut(q)
		if p, err = s.planFor(q); err != nil {
			return err
		}
		s.predict(q)
	}
	before := s.executed
	s.executed++
	if p == nil {
		return take(s.up, size, true)
	}
	p.round, p.after = s.round, before
	return s.passPlanned(p, size)
}

// passPlanned passes on an execution that a fault affects, or what it wants instead.
func (s *Session) passPlanned(p *plan, size int) error {
	switch {
	case p.hit.Rule.when == after:
		s.addPlan(p)
		return take(s.up, size, true)
	case p.statement.kind == commits && !p.hit.Rule.endSession:
		// The session's state shall be the one after a COMMIT that failed, and what
		// follows must not be done.
		p.twice, s.skips = true, true
		s.addPlan(p)
		return s.replaceMessage(size, &pgproto3.Query{String: "ROLLBACK"})
	}
	p.id = s.nextID()
	s.addPlan(p)
	return s.replaceMessage(size, &pgproto3.Execute{Portal: missingName(p.id)})
}

// planFor returns the plan of the fault that affects a query; nil where none does. A
// fault that delays has done so, or the statement was ended meanwhile.
func (s *Session) planFor(q *query) (*plan, error) {
	if p := s.planCancelled(q); p != nil {
		return p, nil
	}
	faults := s.Faults.Active()
	if len(faults) == 0 {
		return nil, nil
	}
	in, since := s.stateNow(), time.Now()
	for _, a := range faults {
		r := a.Rule
		if r.when == connect {
			continue
		}
		a.CountSeen()
		st, ok := r.matches(q)
		if !ok {
			a.CountMissed(q.kindOf())
		}
		if !ok || in == aborted || r.when == after && st.kind != commits && in != idle {
			continue
		}
		hit, ok := a.Sample()
		switch {
		case !ok:
		case a.Kind != kindLatency:
			return &plan{hit: hit, statement: st}, nil
		case hit.Apply():
			ended, err := s.hold(hit, since)
			if err != nil {
				return nil, err
			}
			if ended != nil {
				return &plan{hit: hit, statement: st, ended: ended}, nil
			}
		}
	}
	return nil, nil
}

// stateNow returns the state that the session will be in when all is done that was
// asked so far.
func (s *Session) stateNow() byte {
	if s.over.Load() == s.round {
		s.predicted = byte(s.state.Load())
	}
	return s.predicted
}

// predict follows what a query does to the session's state.
func (s *Session) predict(q *query) {
	s.followLimit(q)
	s.stateNow()
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
	maxStartUp = 10_000 // bytes, as the server has it
	majorThree = 3
)

// start deals with what comes before the first message.
func (s *Session) start() error {
	for asked := range 3 { // GSS, SSL, and then it must come
		for len(s.up.Ahead()) < 8 {
			if err := s.up.Fill(); err != nil {
				if asked > 0 { // it tries again without encryption, on another connection
					s.SpareConnection()
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
		case code == askCancel:
			return s.passCancel()
		case size < 8 || size > maxStartUp || code>>16 != majorThree:
			s.raw.Store(true) // nothing that we know
			return errNotPostgres
		}
		return s.startUp(int(size))
	}
	s.raw.Store(true)
	return errNotPostgres
}

// startUp deals with the message in which a client says who it is.
func (s *Session) startUp(size int) error {
	for len(s.up.Ahead()) < size {
		if err := s.up.FillUpTo(maxStartUp); err != nil {
			return err
		}
	}
	var m pgproto3.StartupMessage
	if m.Decode(s.up.Ahead()[4:size]) != nil || m.Parameters["replication"] != "" && m.Parameters["replication"] != "false" {
		s.raw.Store(true)
		return errNotPostgres
	}
	if r := s.refusalAtConnect(); r != nil {
		return s.refuseClient(r)
	}
	s.round, s.predicted = 1, idle
	return s.up.Take(int64(size), true)
}

// refusalAtConnect returns the fault that keeps a client out; nil where none does.
func (s *Session) refusalAtConnect() *Rule {
	for _, a := range s.Faults.Active() {
		if a.Rule.when != connect {
			continue
		}
		a.CountSeen()
		if hit, ok := a.Sample(); ok && hit.Apply() {
			return a.Rule
		}
	}
	return nil
}

// refuseClient keeps a client out.
func (s *Session) refuseClient(r *Rule) error {
	b, err := r.failure(statement{}).Encode(nil)
	if err != nil {
		return err
	}
	if _, err := s.Client.Write(b); err != nil {
		return errors.Join(stream.ErrSink, err)
	}
	return stream.ErrLast
}
