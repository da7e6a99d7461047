package prometheus

import (
	"context"
	"time"
)

// A clock knows how far Prometheus' clock is ahead of the run's: its start by the clock on
// the wall, and what has passed since by the monotonic one.
type clock struct {
	epoch     time.Time
	ahead     time.Duration // at the first look
	uncertain time.Duration // half of the time that it took to ask
	moved     time.Duration // the largest change since, beyond what is uncertain; 0: none
	known     bool
}

// here is what time it is by the run's clock.
func (c *clock) here() time.Time { return c.epoch.Round(0).Add(time.Since(c.epoch)) }

// look asks what time it is there, some times, and believes the answer that took the least
// time.
func (c *clock) look(ctx context.Context, at *client) error {
	const looks = 3
	best, ahead := time.Duration(-1), time.Duration(0)
	for range looks {
		asked, begun := c.here(), time.Now()
		there, err := at.now(ctx)
		took := time.Since(begun)
		if err != nil {
			return err
		}
		if best < 0 || took < best {
			best, ahead = took, there.Sub(asked.Add(took/2))
		}
	}
	c.take(ahead, best/2)
	return nil
}

// take takes a look into account. Samples keep the offset of the first one, so that an
// interval belongs to one side of an edge, whenever one asks.
func (c *clock) take(ahead, uncertain time.Duration) {
	if !c.known {
		c.ahead, c.uncertain, c.known = ahead, uncertain, true
		return
	}
	c.moved = max(c.moved, (ahead-c.ahead).Abs()-uncertain-c.uncertain)
}

// there is what time it is there, as far as is known.
func (c *clock) there() time.Time { return c.here().Add(c.ahead) }

// since is when a moment there was, as an offset from the run's start.
func (c *clock) since(milliseconds int64) time.Duration {
	return time.UnixMilli(milliseconds).Add(-c.ahead).Sub(c.epoch.Round(0))
}

// at is the moment there of an offset from the run's start, in milliseconds.
func (c *clock) at(since time.Duration) int64 {
	return c.epoch.Round(0).Add(since + c.ahead).UnixMilli()
}
