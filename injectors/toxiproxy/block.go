package toxiproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// BlockProxy is the disabled proxy that says that no run may use a stock server. Its
// upstream is a text and not an address.
const BlockProxy = "blastgauge-block"

// IsMark reports whether a proxy of this name is disabled because it is no proxy, but tells
// runs who may use a stock server.
func IsMark(proxy string) bool { return proxy == LockProxy || proxy == BlockProxy }

// A Block is the order of a person that no run uses a server until it is lifted.
type Block struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Kept   bool      `json:"kept"` // also over a restart of the server
}

// A BlockedError means that a person has taken a server away from all runs. It is of class
// [ErrRefused].
type BlockedError struct {
	Block
	URL string // of the server, without credentials
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("toxiproxy at %s: %s has blocked it since %s: %s; `blastgauge stop --unblock --toxiproxy %s` lifts that",
		e.URL, e.By, e.At.Format(time.RFC3339), e.Reason, e.URL)
}

func (e *BlockedError) Unwrap() error { return ErrRefused }

// Block returns the block of the server; nil: there is none. Toxics can be removed all the
// same.
func (d *Driver) Block(ctx context.Context) (*Block, error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return nil, err
	}
	if ours {
		return d.blockOfOurs(ctx)
	}
	return d.blockOfStock(ctx)
}

const blockPath = "/blastgauge/block"

func (d *Driver) blockOfOurs(ctx context.Context) (*Block, error) {
	var b Block
	err := d.api.call(ctx, "", request{method: "GET", path: blockPath}, &b)
	if isStatus(err, http.StatusNotFound) { // also of a version that knows no blocks
		return nil, nil //nolint:nilnil // there is none
	}
	if err == nil && b.Reason == "" {
		err = d.api.errorf("GET %s: the answer is not a block of a blastgauge proxy", blockPath)
	}
	if err != nil {
		return nil, err
	}
	return d.api.printableBlock(&b), nil
}

// blockOfStock reads the block of a stock server. A proxy of this name that says something
// else is a block as well: in doubt no run begins.
func (d *Driver) blockOfStock(ctx context.Context) (*Block, error) {
	s, err := d.proxy(ctx, BlockProxy)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	b, ok := parseBlock(s.Upstream)
	if !ok {
		b = Block{Reason: "proxy " + BlockProxy + " is there, and cannot be read", By: "somebody"}
	}
	return d.api.printableBlock(&b), nil
}

// printableBlock is a server's block in a form that is safe to show; nil for nil.
func (c *client) printableBlock(b *Block) *Block {
	if b == nil {
		return nil
	}
	return &Block{Reason: c.printable(b.Reason), By: cmp.Or(c.printable(b.By), "somebody"), At: b.At, Kept: b.Kept}
}

// String returns the block as the upstream of a proxy. Nobody can connect to it.
func (b Block) String() string {
	return "at-" + b.At.UTC().Format(claimTime) + ".by-" + escapeWord(b.By) + ".why-" + escapeWord(b.Reason) + ".blastgauge.invalid:1"
}

// escapeWord makes a text one that has no dot and no colon.
func escapeWord(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), ".", "%2E")
}

func parseBlock(upstream string) (Block, bool) {
	words := strings.SplitN(upstream, ".", 4)
	if len(words) != 4 || words[3] != "blastgauge.invalid:1" {
		return Block{}, false
	}
	at, timed := strings.CutPrefix(words[0], "at-")
	by, named := strings.CutPrefix(words[1], "by-")
	why, given := strings.CutPrefix(words[2], "why-")
	when, wrong := time.Parse(claimTime, at)
	who, wrongBy := url.QueryUnescape(by)
	reason, wrongWhy := url.QueryUnescape(why)
	if !timed || !named || !given || errors.Join(wrong, wrongBy, wrongWhy) != nil {
		return Block{}, false
	}
	return Block{Reason: reason, By: who, At: when, Kept: false}, true
}

// blocked returns an error of the type [BlockedError] where the server is blocked, and nil
// where it is not or cannot be asked.
func (d *Driver) blocked(ctx context.Context) error {
	b, err := d.Block(ctx)
	if err != nil || b == nil {
		return nil //nolint:nilerr // whoever asks has another error, or asks again
	}
	return &BlockedError{*b, d.api.shown}
}

// asBlocked makes a [BlockedError] of an answer that tells of a block; any other error stays.
func (d *Driver) asBlocked(err error) error {
	if e, ok := errors.AsType[*StatusError](err); ok && e.block != nil {
		return &BlockedError{*e.block, d.api.shown}
	}
	return err
}

// endIfBlocked ends the run where the server is blocked, and returns why; otherwise it
// returns err. The context of the run is over then: that is why its fault is gone, or does
// not come.
func (d *Driver) endIfBlocked(ctx context.Context, err error) error {
	if told := d.asBlocked(err); isBlocked(told) {
		d.lost(told)
		return told
	}
	if blocked := d.blocked(ctx); blocked != nil {
		d.lost(blocked)
		return blocked
	}
	return err
}

func isStatus(err error, status int) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == status
}
