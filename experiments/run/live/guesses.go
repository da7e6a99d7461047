package live

import (
	"sync"
	"time"
)

const (
	mostGuesses   = 10
	guessWindow   = time.Minute
	mostAddresses = 1000 // whose guesses are counted one by one; the others' are counted together
)

// guesses are the wrong tokens of each address in a minute. The zero value has none.
type guesses struct {
	mu   sync.Mutex
	from map[string]*guessed
}

type guessed struct {
	count int
	since time.Time
}

// tooMany counts a wrong token, and reports whether there were too many of its address.
func (g *guesses) tooMany(address string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil {
		g.from = map[string]*guessed{}
	}
	one := g.from[address]
	if one == nil {
		if len(g.from) >= mostAddresses {
			g.forget(now)
		}
		if len(g.from) >= mostAddresses {
			address = ""
		}
		if one = g.from[address]; one == nil {
			one = &guessed{since: now}
			g.from[address] = one
		}
	}
	if now.Sub(one.since) >= guessWindow {
		*one = guessed{since: now}
	}
	one.count++
	return one.count > mostGuesses
}

// forget drops addresses whose minute is over.
func (g *guesses) forget(now time.Time) {
	for address, one := range g.from {
		if now.Sub(one.since) >= guessWindow {
			delete(g.from, address)
		}
	}
}
