package toxiproxy

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// SetBlock takes the server away from every run until [Driver.Unblock]. On a blastgauge
// proxy their toxics go at once. On a stock server each run sees it within a second and
// removes its own; those of a run that died stay. A block that is there is replaced. SetBlock
// returns the block as [Driver.Block] does. Beside an error it is not nil where it is in force
// all the same: the server could not keep it, or could not remove a toxic, or its answer was
// lost.
func (d *Driver) SetBlock(ctx context.Context, by, reason string) (*Block, error) {
	b := Block{Reason: reason, By: by, At: time.Now().UTC()}
	return d.put(ctx, b, true)
}

// AddBlock is like [Driver.SetBlock], but leaves a block that is there as it is: it returns
// that one, and added is false.
func (d *Driver) AddBlock(ctx context.Context, by, reason string) (b *Block, added bool, err error) {
	if b, err := d.Block(ctx); err != nil || b != nil { // else one of the same words could be taken for ours below
		return b, false, err
	}
	b, err = d.put(ctx, Block{Reason: reason, By: by, At: time.Now().UTC()}, false)
	if !isConflict(err) {
		return b, b != nil, err
	}
	b, err = d.Block(ctx)
	return b, false, err
}

// put puts a block on the server, and reads it back where it is not known whether it is there.
func (d *Driver) put(ctx context.Context, b Block, replace bool) (*Block, error) {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return nil, err
	}
	if ours {
		b, err = d.blockOurs(ctx, b, replace)
	} else {
		b.At = b.At.Truncate(time.Second) // as the server will say it
		err = d.blockStock(ctx, b, replace)
	}
	shown := d.api.printableBlock(&b)
	if err == nil {
		return shown, nil
	}
	now, unknown := d.Block(ctx)
	if unknown == nil && now != nil && now.By == shown.By && now.Reason == shown.Reason && !isConflict(err) {
		return now, err
	}
	return nil, err
}

// blockOurs puts a block on a blastgauge proxy, and returns it with the server's time.
func (d *Driver) blockOurs(ctx context.Context, b Block, replace bool) (Block, error) {
	path := blockPath
	if !replace {
		path += "?replace=false"
	}
	set := b
	err := d.api.call(ctx, "", request{method: "PUT", path: path, body: b}, &set)
	if isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusMethodNotAllowed) {
		err = d.api.errorf("its version of blastgauge proxy knows no blocks: %w", err)
	}
	return set, err
}

// blockStock creates the proxy that is the block, or changes the one that is there.
func (d *Driver) blockStock(ctx context.Context, b Block, replace bool) error {
	err := d.post(ctx, newProxy{Name: BlockProxy, Listen: "127.0.0.1:0", Upstream: b.String()})
	if !isConflict(err) || !replace {
		return err
	}
	body := map[string]any{"upstream": b.String(), "enabled": false}
	return d.api.call(ctx, BlockProxy, request{method: "POST", path: proxyPath(BlockProxy), body: body}, nil)
}

// Unblock lets runs use the server again. It returns the block that it lifted; nil: there
// was none.
func (d *Driver) Unblock(ctx context.Context) (*Block, error) {
	b, err := d.Block(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	return b, d.lift(ctx, "")
}

// Lift lifts a block that [Driver.AddBlock] has added. It returns the block that stays, since
// somebody has put another one in its place; nil: the server is free. A stock server cannot
// be asked to lift this one only: one that comes between two calls is lifted with it.
func (d *Driver) Lift(ctx context.Context, b Block) (other *Block, err error) {
	now, err := d.Block(ctx)
	if err != nil || now == nil {
		return nil, err
	}
	if now.By != b.By || now.Reason != b.Reason || !now.At.Equal(b.At) {
		return now, nil
	}
	if err := d.lift(ctx, "?at="+url.QueryEscape(b.At.Format(time.RFC3339Nano))); !isConflict(err) {
		return nil, err
	}
	return d.Block(ctx) // it came since
}

// lift removes the block, on a blastgauge proxy under a condition. It is no error if somebody
// else was faster.
func (d *Driver) lift(ctx context.Context, condition string) error {
	ours, err := d.isOurs(ctx)
	switch {
	case err != nil:
		return err
	case ours:
		err = d.api.call(ctx, "", request{method: "DELETE", path: blockPath + condition}, nil)
	default:
		err = d.Delete(ctx, BlockProxy)
	}
	if isMissing(err) {
		return nil
	}
	return err
}
