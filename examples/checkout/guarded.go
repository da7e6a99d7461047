package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/fallback"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// guardedSource believes a settings document only if it is plausible on its own and
// compared with the last good one. When the service is slow, gone or serves anything
// else, the last good document stays in force.
type guardedSource struct {
	remote   *api
	policies failsafe.Executor[settings]
	last     atomic.Pointer[settings]
	log      *slog.Logger
}

func newGuardedSource(remote *api, log *slog.Logger) *guardedSource {
	g := &guardedSource{remote: remote, log: log}
	keep := fallback.NewWithFunc(func(e failsafe.Execution[settings]) (settings, error) {
		if last := g.last.Load(); last != nil {
			return *last, nil
		}
		return settings{}, blame("settings", e.LastError())
	})
	g.policies = failsafe.With(keep, newBreaker[settings](), timeout.New[settings](patientSettings))
	return g
}

func (g *guardedSource) current(ctx context.Context, tag baggage) (settings, error) {
	return g.policies.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[settings]) (settings, error) {
		return g.read(e.Context(), tag)
	})
}

// prime reads the settings once before the first quote, so that there is a last
// good document when the first fault comes.
func (g *guardedSource) prime(ctx context.Context) {
	if _, err := g.current(ctx, ""); err != nil {
		g.log.Warn("settings cannot be read yet", "error", err)
	}
}

// read fetches the document and makes it the last good one if it is plausible.
func (g *guardedSource) read(ctx context.Context, tag baggage) (settings, error) {
	var next settings
	if err := g.remote.call(ctx, tag, get("/settings", &next)); err != nil {
		return settings{}, err
	}
	last := g.last.Load()
	if err := plausible(&next, last); err != nil {
		g.log.Warn("settings refused", "error", err)
		return settings{}, &upstreamError{"settings", http.StatusOK, err}
	}
	g.last.Store(&next)
	return next, nil
}

var errImplausible = errors.New("settings are implausible")

// plausible refuses settings that no shop can mean: values that are missing or out of
// range, and changes that are too large compared with the last good document (nil:
// there is none).
func plausible(next, last *settings) error {
	for _, check := range []func(next, last *settings) error{
		checkIdentity, checkPrices, checkDiscounts, checkPromise,
	} {
		if err := check(next, last); err != nil {
			return fmt.Errorf("%w: %w", errImplausible, err)
		}
	}
	return nil
}

func checkIdentity(next, last *settings) error {
	switch {
	case next.Revision == nil || *next.Revision < 1:
		return errors.New("revision must be set")
	case last != nil && *next.Revision < *last.Revision:
		return fmt.Errorf("revision %d is older than %d", *next.Revision, *last.Revision)
	case !isCurrency(value(next.Currency)):
		return errors.New("currency must be three capital letters")
	case last != nil && *next.Currency != *last.Currency:
		return fmt.Errorf("currency turns from %s to %s", *last.Currency, *next.Currency)
	}
	return nil
}

func isCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func checkPrices(next, last *settings) error {
	rate, factor, engine := next.Tax.Rate, next.Price.Factor, next.Flags.NewTaxEngine
	switch {
	case rate == nil || *rate <= 0 || *rate > one/2:
		return errors.New("tax.rate must be above 0 and at most 0.5")
	case factor == nil || *factor < one/2 || *factor > 2*one:
		return errors.New("price.factor must be from 0.5 to 2")
	case next.Price.Minimum == nil || *next.Price.Minimum <= 0 || *next.Price.Minimum > 100:
		return errors.New("price.minimum must be above 0 and at most 1")
	case next.Price.Maximum == nil || *next.Price.Maximum <= *next.Price.Minimum:
		return errors.New("price.maximum must be above price.minimum")
	case engine == nil || *engine < 0 || *engine > 100*one:
		return errors.New("flags.new_tax_engine must be a percentage")
	case last == nil:
		return nil
	case apart(*rate, *last.Tax.Rate) > one/20:
		return errors.New("tax.rate moves by more than 0.05 at once")
	case apart(*factor, *last.Price.Factor) > one/5:
		return errors.New("price.factor moves by more than 0.2 at once")
	case *engine > *last.Flags.NewTaxEngine+25*one:
		return errors.New("flags.new_tax_engine rises by more than 25 points at once")
	}
	return nil
}

func checkDiscounts(next, last *settings) error {
	if len(next.Discounts) > 50 {
		return fmt.Errorf("%d discounts are more than 50", len(next.Discounts))
	}
	if last != nil && len(last.Discounts) > 0 && len(next.Discounts) == 0 {
		return errors.New("every discount is gone")
	}
	seen := make(map[string]bool, len(next.Discounts))
	for _, d := range next.Discounts {
		switch {
		case d.SKU == "" || d.SKU == "*":
			return errors.New("a discount must name one product")
		case seen[d.SKU]:
			return fmt.Errorf("two discounts for %s", d.SKU)
		case d.Percent <= 0 || d.Percent > 50*one:
			return fmt.Errorf("discount for %s must be above 0 and at most 50 percent", d.SKU)
		case last != nil && endsEarlier(d, last.Discounts):
			return fmt.Errorf("the discount for %s ends earlier than it did", d.SKU)
		}
		seen[d.SKU] = true
	}
	return nil
}

// endsEarlier reports whether d ends before the date that was promised.
func endsEarlier(d discount, last []discount) bool {
	return slices.ContainsFunc(last, func(before discount) bool { return before.SKU == d.SKU && d.Until < before.Until })
}

func checkPromise(next, last *settings) error {
	days := next.Shipping.PromiseDays
	switch {
	case len(next.Shipping.Depots) == 0:
		return errors.New("shipping.depots must not be empty")
	case days == nil || *days < 1 || *days > 30:
		return errors.New("shipping.promise_days must be from 1 to 30")
	case last != nil && (*days-*last.Shipping.PromiseDays > 10 || *last.Shipping.PromiseDays-*days > 10):
		return errors.New("shipping.promise_days moves by more than 10 at once")
	}
	return nil
}

func apart(a, b ratio) ratio { return max(a-b, b-a) }
