package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
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
		l, err := listen(ctx)
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

// redisOptions reads host:port or redis://[user:password@]host:port[/db].
func redisOptions(address string) (*redis.Options, error) {
	if _, _, err := net.SplitHostPort(address); err == nil && !strings.ContainsAny(address, "@/?# ") {
		return &redis.Options{Addr: address}, nil
	}
	opts, err := redis.ParseURL(address)
	if err != nil || splitsPassword(address) {
		// The cause may repeat the address, and with it a password.
		return nil, fmt.Errorf("%w of Redis: it looks like 127.0.0.1:6379 or redis://user:password@127.0.0.1:6379/0", ErrAddress)
	}
	return opts, nil
}

// splitsPassword reports whether a password in a URL holds one of / ? # that is not
// escaped: a piece of it would be taken for the host.
func splitsPassword(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?#")
	return end >= 0 && strings.Contains(rest[end:], "@")
}

// pingRedis makes sure that a Redis that was given answers.
func pingRedis(ctx context.Context, base *redis.Options) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	store := newCartStore(base, base.Addr, time.Second, new(atomic.Int64))
	err := store.client.Ping(ctx).Err()
	if err = errors.Join(err, store.close()); err != nil {
		return fmt.Errorf("the Redis at %s: %w", base.Addr, err)
	}
	return nil
}

// redisUpstream is the address of Redis for a proxy: without user and password.
func redisUpstream(opts *redis.Options) string {
	return (&url.URL{Scheme: "redis", Host: opts.Addr}).String()
}

// cartStore keeps carts in Redis for one storefront.
type cartStore struct {
	client *redis.Client
	calls  *atomic.Int64
}

// newCartStore connects to Redis at address with the credentials of base. A timeout
// of 0 waits for ever. It never retries: whether to is up to each build.
func newCartStore(base *redis.Options, address string, timeout time.Duration, calls *atomic.Int64) *cartStore {
	opts := redis.Options{
		Addr: address, Username: base.Username, Password: base.Password, DB: base.DB,
		Protocol: 2, DisableIdentity: true, // the shortest handshake
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1,
		PoolSize:                 64,
		PipelinePoolSize:         -1,
		ReadBufferSize:           4 << 10,
		WriteBufferSize:          4 << 10,
		ReadTimeout:              -1,
		WriteTimeout:             -1,
	}
	if timeout > 0 {
		opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout = timeout, timeout, timeout
		opts.PoolTimeout, opts.ContextTimeoutEnabled = timeout, true
	}
	opts.Dialer = lazyDialer(timeout)
	return &cartStore{client: redis.NewClient(&opts), calls: calls}
}

// prefix keeps the demo's keys apart from others in a Redis that was given.
const prefix = "blastgauge-demo:cart:"

func (s *cartStore) put(ctx context.Context, id string, c cart) error {
	s.calls.Add(1)
	text, err := json.Marshal(c)
	if err == nil {
		err = s.client.Set(ctx, prefix+id, text, cartLife).Err()
	}
	return blame("carts", err)
}

func (s *cartStore) get(ctx context.Context, id string) (cart, error) {
	s.calls.Add(1)
	text, err := s.client.Get(ctx, prefix+id).Bytes()
	if errors.Is(err, redis.Nil) {
		return cart{}, errNoCart
	}
	var c cart
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, blame("carts", err)
}

// close cuts every connection, even in the middle of a call.
func (s *cartStore) close() error { return s.client.Close() }

// lazyDialer reports a failed dial with the first use of the connection. A pool
// that sees enough failed dials starts a goroutine that dials on its own, once
// a second, and outlives the client: nothing of the demo may outlive Close.
func lazyDialer(timeout time.Duration) func(context.Context, string, string) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return unreachable{err: err}, nil //nolint:nilerr // see above
		}
		return c, nil
	}
}

// unreachable is a connection that was never made.
type unreachable struct {
	net.Conn // nil; it is not called, because Read and Write fail first
	err      error
}

func (u unreachable) Read([]byte) (int, error)         { return 0, u.err }
func (u unreachable) Write([]byte) (int, error)        { return 0, u.err }
func (u unreachable) Close() error                     { return nil }
func (u unreachable) SetDeadline(time.Time) error      { return nil }
func (u unreachable) SetReadDeadline(time.Time) error  { return nil }
func (u unreachable) SetWriteDeadline(time.Time) error { return nil }
func (u unreachable) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u unreachable) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
