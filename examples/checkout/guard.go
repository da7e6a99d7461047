package checkout

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// How patient the hardened build is. One attempt and its retry together stay
// below the second after which a customer finds the shop slow; each limit is
// at least twenty times what the dependency takes on a good day.
const (
	patientDial     = 250 * time.Millisecond
	patientRead     = 250 * time.Millisecond // catalogue, inventory
	patientOrders   = 350 * time.Millisecond // wait for their database themselves
	patientDatabase = 125 * time.Millisecond
	patientPricing  = 350 * time.Millisecond // waits for settings itself
	patientSettings = 150 * time.Millisecond
	patientSoft     = 150 * time.Millisecond // recommendations
	patientCarts    = 100 * time.Millisecond
	patientPayments = 350 * time.Millisecond
	patientMail     = 500 * time.Millisecond // no customer waits for it
	patientRequest  = 2500 * time.Millisecond
)

// A guard calls one dependency the way the hardened build does: each attempt has a
// timeout, a failed one is retried as often as that is safe, and a circuit breaker
// stops calling a dependency that keeps failing.
type guard struct{ policies failsafe.Executor[any] }

func newGuard(limit time.Duration, retries int) guard {
	retry := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return transient(err) }).
		WithMaxRetries(retries).WithBackoff(10*time.Millisecond, 50*time.Millisecond).
		AbortOnErrors(circuitbreaker.ErrOpen). // a retry would only ask the breaker again
		ReturnLastFailure().Build()
	return guard{failsafe.With(retry, newBreaker[any](), timeout.New[any](limit))}
}

// newBreaker makes a circuit breaker that opens when half of the last ten calls
// failed. Open, it lets one call through every second to see whether the dependency is
// back.
func newBreaker[R any]() circuitbreaker.CircuitBreaker[R] {
	return circuitbreaker.NewBuilder[R]().
		HandleIf(func(_ R, err error) bool { return transient(err) }).
		WithFailureThresholdRatio(5, 10).
		WithDelay(time.Second).
		WithSuccessThreshold(1).Build()
}

// do runs call, whose context ends with the attempt.
func (g guard) do(ctx context.Context, call func(context.Context) error) error {
	return g.policies.WithContext(ctx).RunWithExecution(func(e failsafe.Execution[any]) error {
		return call(e.Context())
	})
}

// transient reports whether the dependency, and not the request, is to blame.
func transient(err error) bool { return err != nil && !permanent(err) && !errors.Is(err, errNoCart) }

// statusOf is the status with which the shop answers when a hard dependency fails.
func statusOf(err error) int {
	if up, ok := errors.AsType[*upstreamError](err); ok &&
		(up.status == http.StatusNotFound || up.status == http.StatusConflict) {
		return up.status // no such product, or out of stock: not a failure
	}
	netErr, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNoCart):
		return http.StatusNotFound
	case errors.Is(err, circuitbreaker.ErrOpen):
		return http.StatusServiceUnavailable
	case errors.Is(err, timeout.ErrExceeded), errors.Is(err, context.DeadlineExceeded), isNet && netErr.Timeout():
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// writeFailure answers with the error and the dependency that caused it.
func writeFailure(w http.ResponseWriter, err error) {
	answer := failure{Error: err.Error()}
	if up, ok := errors.AsType[*upstreamError](err); ok {
		answer.Dependency = up.dependency
	}
	writeJSON(w, statusOf(err), answer)
}

// blame adds the dependency to errors of the policies themselves, such as an open
// breaker, which do not know it.
func blame(dependency string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*upstreamError](err); ok || errors.Is(err, errNoCart) {
		return err
	}
	return &upstreamError{dependency: dependency, err: err}
}
