package toxiproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Inject adds f and reads it back. A toxic of the same name with other attributes
// is replaced. A toxic with the same attributes is left alone: adding it again
// would choose anew which connections are affected.
func (d *Driver) Inject(ctx context.Context, f plan.Fault) error {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return err
	}
	want, err := d.toxicFor(f, ours)
	if err != nil {
		return err
	}
	if !ours { // ours refuses the toxic by itself
		if err := d.endIfBlocked(ctx, nil); err != nil {
			return err
		}
	}
	s, err := d.proxy(ctx, f.Proxy)
	if isMissing(err) {
		return d.api.errorf("there is no proxy %s", f.Proxy)
	} else if err != nil {
		return err
	}
	d.noteKnown(f.Proxy)
	if err := d.checkUnmoved(ctx, f, s); err != nil {
		return err
	}
	if want == nil {
		return d.disable(ctx, f, s)
	}
	if !s.Enabled {
		return d.api.errorf("proxy %s is disabled: a toxic has no effect there", f.Proxy)
	}
	if there, ok := s.toxic(f.Name); ok {
		if want.differs(there, d.api.printable) == "" {
			return nil
		}
		if err := d.remove(ctx, f); err != nil {
			return err
		}
	}
	return d.add(ctx, f, want)
}

// toxicFor returns the toxic that f asks for. It returns nil when the proxy is to
// be disabled instead: that is how a stock server does down.
func (d *Driver) toxicFor(f plan.Fault, ours bool) (*newToxic, error) {
	kind, ok := injectors.Lookup(f.Inject)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: there is no fault %q", experiments.ErrInvalid, f.Inject)
	case kind.Level != injectors.Byte && !ours:
		return nil, errNeedsOurs(f, d.api.shown)
	case !(f.Share > 0 && f.Share <= 1): // toxicity 0 breaks connections on a stock server
		return nil, fmt.Errorf("%w: share of %s into %s must be more than 0%% and at most 100%%, got %v", experiments.ErrInvalid, f.Inject, f.Into, f.Share)
	case kind.Name == "down" && !ours && f.Share < 1: // disabling a proxy affects every connection
		return nil, fmt.Errorf("%w: down into %s has a share of %s, but a stock Toxiproxy such as %s can only refuse all connections; use `blastgauge proxy`, or leave share out",
			experiments.ErrInvalid, f.Into, f.Portion(), d.api.shown)
	case kind.Name == "down" && !ours:
		return nil, nil
	}
	if err := kind.Check(f.Attributes); err != nil { // some values kill a stock server
		return nil, fmt.Errorf("%w: %s into %s: %w", experiments.ErrInvalid, f.Inject, f.Into, err)
	}
	t := &newToxic{Name: f.Name, Type: kind.Wire, Stream: string(f.Stream), Toxicity: f.Share, Attributes: kind.OnWire(f.Complete())}
	if kind.Config && f.Seed > 0 {
		t.Attributes["seed"] = f.Seed
	}
	if t.Stream == "" || kind.Streamless {
		t.Stream = string(experiments.Downstream)
	}
	return t, nil
}

func errNeedsOurs(f plan.Fault, server string) error {
	return fmt.Errorf("%w: %s into %s acts on single requests, which a stock Toxiproxy such as %s cannot do; use `blastgauge proxy`",
		experiments.ErrInvalid, f.Inject, f.Into, server)
}

func (d *Driver) add(ctx context.Context, f plan.Fault, want *newToxic) error {
	err := d.api.call(ctx, f.Proxy, request{method: "POST", path: proxyPath(f.Proxy) + "/toxics", body: want}, nil)
	if isStatus(err, http.StatusLocked) {
		return d.endIfBlocked(ctx, err)
	}
	if err != nil {
		d.noteUnanswered(f, err)
		return err
	}
	s, err := d.proxy(ctx, f.Proxy)
	if err != nil {
		return err
	}
	there, ok := s.toxic(f.Name)
	if !ok {
		return d.api.errorf("toxic %s was added to proxy %s and is not there", f.Name, f.Proxy)
	}
	if difference := want.differs(there, d.api.printable); difference != "" {
		return d.api.errorf("toxic %s on proxy %s is not what was asked for: %s", f.Name, f.Proxy, difference)
	}
	return nil
}

// noteUnanswered remembers an injection that may have succeeded although the API
// did not say so: a stock server that gives up on a call answers 503 and carries
// the call out all the same, and a gateway in between may time out.
func (d *Driver) noteUnanswered(f plan.Fault, err error) {
	if e, answered := errors.AsType[*StatusError](err); answered && (e.api || e.Status < 500) {
		return
	}
	d.MarkUnsettled(f.Name)
}

// MarkUnsettled tells the driver that an injection of the fault may still be on its
// way, because the process that sent it died. Revert then looks twice.
func (d *Driver) MarkUnsettled(fault string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unsettled[fault] = true
}

func (d *Driver) disable(ctx context.Context, f plan.Fault, s state) error {
	if !s.Enabled {
		return nil
	}
	s, err := d.enable(ctx, f.Proxy, false)
	if err != nil {
		d.noteUnanswered(f, err)
		return err
	}
	if s.Enabled {
		return d.api.errorf("proxy %s was disabled and is still enabled", f.Proxy)
	}
	return nil
}

// enable sets the enabled flag of a proxy on a stock server, and reads the proxy
// back. Every version knows POST; not every version knows PATCH.
func (d *Driver) enable(ctx context.Context, proxy string, enabled bool) (state, error) {
	body := map[string]bool{"enabled": enabled}
	if err := d.api.call(ctx, proxy, request{method: "POST", path: proxyPath(proxy), body: body}, nil); err != nil {
		return state{}, err
	}
	return d.proxy(ctx, proxy)
}

// Check reads back whether f is in force, and what the server counted. An error
// means that the server did not answer; it says nothing about the fault. A fault that
// is not in force as it was asked for may still do harm: only [Driver.Revert] and
// [Driver.Absent] prove that it is gone.
func (d *Driver) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return journal.Evidence{}, err
	}
	want, err := d.toxicFor(f, ours)
	if err != nil {
		return journal.Evidence{}, err
	}
	s, err := d.proxy(ctx, f.Proxy)
	if isMissing(err) {
		return absent("proxy %s no longer exists", f.Proxy), nil
	} else if err != nil {
		return journal.Evidence{}, err
	}
	switch {
	case want == nil && s.Enabled:
		return absent("proxy %s is enabled", f.Proxy), nil
	case want == nil:
		return journal.Evidence{Present: true}, nil
	}
	there, ok := s.toxic(f.Name)
	switch {
	case !ok && ours:
		return absent("toxic %s is not on proxy %s", f.Name, f.Proxy), d.endIfBlocked(ctx, nil)
	case !ok:
		return absent("toxic %s is not on proxy %s", f.Name, f.Proxy), nil
	case !s.Enabled:
		return absent("proxy %s is disabled", f.Proxy), nil
	}
	if difference := want.differs(there, d.api.printable); difference != "" {
		return absent("toxic %s on proxy %s was changed: %s", f.Name, f.Proxy, difference), nil
	}
	return journal.Evidence{
		Present: true, Counted: ours, Refuses: ours && there.Counts.Refusing, Met: there.Counts.Met, Of: there.Counts.Of,
		Seen: there.Counts.Seen, Missed: d.missed(there.Counts.Missed),
		Documents: there.Counts.Documents, Passed: there.Counts.Passed,
	}, nil
}

// mostMissed is how many kinds of requests are taken from a server.
const mostMissed = 5

// missed returns what a server says of requests that a fault is not about, in a form that
// is safe to keep.
func (d *Driver) missed(list []journal.Missed) []journal.Missed {
	var safe []journal.Missed
	for _, m := range list[:min(len(list), mostMissed)] {
		safe = append(safe, journal.Missed{What: d.api.printable(m.What), Count: m.Count})
	}
	return safe
}

func absent(format string, args ...any) journal.Evidence {
	return journal.Evidence{Detail: fmt.Sprintf(format, args...)}
}

// differs describes how a toxic on a server differs from the one that was asked
// for. It returns "" when they are equal. Numbers that were not asked for are zero.
func (t *newToxic) differs(there toxic, show func(string) string) string {
	switch {
	case there.Type != t.Type:
		return fmt.Sprintf("its type is %s, not %s", show(there.Type), t.Type)
	case there.Stream != t.Stream:
		return fmt.Sprintf("its stream is %s, not %s", show(there.Stream), t.Stream)
	case math.Abs(there.Toxicity-t.Toxicity) > 1e-6: // servers hold it as a float32
		return fmt.Sprintf("its toxicity is %v, not %v", there.Toxicity, t.Toxicity)
	}
	names := slices.Sorted(maps.Keys(t.Attributes))
	for _, name := range slices.Sorted(maps.Keys(there.Attributes)) {
		if v, isNumber := there.Attributes[name].(float64); isNumber && v != 0 && t.Attributes[name] == nil {
			return fmt.Sprintf("its %s is %v and was not asked for", show(name), v)
		}
	}
	for _, name := range names {
		got, err := json.Marshal(there.Attributes[name])
		if err != nil {
			return err.Error()
		}
		want, err := json.Marshal(t.Attributes[name])
		if err != nil {
			return err.Error()
		}
		if !bytes.Equal(got, want) {
			if carriesDocument(t.Attributes[name]) || carriesDocument(there.Attributes[name]) { // a journal must not hold documents
				return fmt.Sprintf("its %s is not the one that was asked for", show(name))
			}
			return fmt.Sprintf("its %s is %s, not %s", show(name), show(string(got)), want)
		}
	}
	return ""
}

// carriesDocument reports whether an attribute is an operator of bad config that
// contains a document.
func carriesDocument(attribute any) bool {
	operator, _ := attribute.(map[string]any)
	_, carries := operator["body"]
	return carries
}
