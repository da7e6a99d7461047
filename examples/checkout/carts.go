package checkout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/gomodule/redigo/redis"
)

// cart is what a customer is about to order, as it was quoted.
type cart struct {
	SKU      string    `json:"sku"`
	Price    cents     `json:"price"` // list price of one
	Quantity int64     `json:"quantity"`
	Payment  string    `json:"payment"`
	Total    cents     `json:"total"` // with tax
	Promise  string    `json:"promise"`
	Lines    cents     `json:"lines"` // the sum of the invoice's lines
	Filled   time.Time `json:"filled"`
}

// cartLife is how long a cart can be ordered.
const cartLife = 30 * time.Minute

// errNoCart means that the cart never existed or is too old.
var errNoCart = errors.New("no such cart")

// embeddedRedis is a Redis in this process, on a real socket.
type embeddedRedis struct {
	mini *miniredis.Miniredis
	stop chan struct{}
	done sync.WaitGroup
}

// embedRedis starts a Redis in this process. It tries a few ports: miniredis opens
// its socket itself, so another process can take a port that was just found free.
func embedRedis(ctx context.Context) (*embeddedRedis, error) {
	var last error
	for range 5 {
		l, err := loopback.Listen(ctx)
		if err != nil {
			return nil, err
		}
		address := l.Addr().String()
		if err := l.Close(); err != nil {
			return nil, err
		}
		e := &embeddedRedis{mini: miniredis.NewMiniRedis(), stop: make(chan struct{})}
		if last = e.mini.StartAddr(address); last == nil {
			e.done.Go(e.age)
			return e, nil
		}
	}
	return nil, fmt.Errorf("embedded Redis: %w", last)
}

// age lets carts expire. miniredis could follow the clock by itself, but would then
// visit every key on every command.
func (e *embeddedRedis) age() {
	const step = 30 * time.Second
	tick := time.NewTicker(step)
	defer tick.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-tick.C:
			e.mini.FastForward(step)
		}
	}
}

func (e *embeddedRedis) close() {
	close(e.stop)
	e.done.Wait()
	e.mini.Close()
}

// A redisServer is where a Redis is, and how to log in to it.
type redisServer struct {
	address        string // host:port
	user, password string
	database       int
}

// parseRedis reads host:port or redis://[user:password@]host[:port][/database].
func parseRedis(address string) (redisServer, error) {
	if _, _, err := net.SplitHostPort(address); err == nil && !strings.ContainsAny(address, "@/?# ") {
		return redisServer{address: address}, nil
	}
	// The cause may repeat the address, and with it a password.
	bad := fmt.Errorf("%w of Redis: it looks like 127.0.0.1:6379 or redis://user:password@127.0.0.1:6379/0", ErrAddress)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "redis" || u.Hostname() == "" || u.RawQuery != "" || splitsPassword(address) {
		return redisServer{}, bad
	}
	s := redisServer{address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "6379")), user: u.User.Username()}
	s.password, _ = u.User.Password()
	if number := strings.Trim(u.Path, "/"); number != "" {
		if s.database, err = strconv.Atoi(number); err != nil || s.database < 0 {
			return redisServer{}, bad
		}
	}
	return s, nil
}

// splitsPassword reports whether a password in a URL holds one of / ? # that is not
// escaped: a piece of it would be taken for the host.
func splitsPassword(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?#")
	return end >= 0 && strings.Contains(rest[end:], "@")
}

// pingRedis makes sure that a Redis that was given answers.
func pingRedis(ctx context.Context, base redisServer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	store := newCartStore(base, base.address, time.Second, new(atomic.Int64))
	_, err := store.do(ctx, "PING")
	if err = errors.Join(err, store.close()); err != nil {
		return fmt.Errorf("the Redis at %s: %w", base.address, err)
	}
	return nil
}

// redisUpstream is the address of Redis for a proxy: without user and password.
func redisUpstream(server redisServer) string {
	return (&url.URL{Scheme: "redis", Host: server.address}).String()
}

// cartStore keeps carts in Redis for one storefront.
type cartStore struct {
	wires *cartWires
	calls *atomic.Int64
}

// newCartStore connects to Redis at address with the credentials of base. A timeout
// of 0 waits for ever. It never retries: whether to is up to each build.
func newCartStore(base redisServer, address string, timeout time.Duration, calls *atomic.Int64) *cartStore {
	base.address = address
	return &cartStore{wires: newCartWires(base, timeout), calls: calls}
}

// do sends one command.
func (s *cartStore) do(ctx context.Context, command string, args ...any) (any, error) {
	return s.wires.do(ctx, command, args...)
}

// prefix keeps the demo's keys apart from others in a Redis that was given.
const prefix = "blastgauge-demo:cart:"

func (s *cartStore) put(ctx context.Context, id string, c cart) error {
	s.calls.Add(1)
	text, err := json.Marshal(c)
	if err == nil {
		_, err = s.do(ctx, "SET", prefix+id, text, "EX", int(cartLife.Seconds()))
	}
	return blame("carts", err)
}

func (s *cartStore) get(ctx context.Context, id string) (cart, error) {
	s.calls.Add(1)
	text, err := redis.Bytes(s.do(ctx, "GET", prefix+id))
	if errors.Is(err, redis.ErrNil) {
		return cart{}, errNoCart
	}
	var c cart
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, blame("carts", err)
}

// close cuts every connection, even in the middle of a call.
func (s *cartStore) close() error { return s.wires.close() }
