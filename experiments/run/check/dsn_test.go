package check

import (
	"errors"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// No piece of a password is taken for a host, or shown.
func TestWrongDSNsShowNoPassword(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"postgres", "postgresql", "mysql"} {
		for _, password := range []string{
			"secr/hidden", "1234/hidden", "secr?hidden", "1234?hidden", "secr#hidden", "1234#hidden", "se@cret/hidden", "se@cret?hidden", "se@cret#hidden",
			"secr%hidden", "1234/hid@den", "secr@1234/hidden", "/hidden", "hidden?sslmode=hidden", "hidden/a?b=hidden", "[hidden/x", "secr hidden/",
		} {
			dsn := scheme + "://app:" + password + "@127.0.0.1:1/shop"
			r := newResolver(journey.Facts{})
			d, err := openDatabase(dsn, &experiments.System{}, &r, &allowance{})
			if err == nil {
				d.db.Close()
				t.Errorf("%s was accepted", dsn)
				continue
			}
			for _, piece := range []string{"hidden", "secr", "cret", "1234"} {
				if strings.Contains(err.Error(), piece) {
					t.Errorf("%s: %v", dsn, err)
				}
			}
		}
	}
	for _, dsn := range []string{
		"app:hidden@tcp(127.0.0.1:3306)/shop", "host=127.0.0.1 password=hidden", "jdbc:postgresql://127.0.0.1/shop?password=hidden",
		"mysql:app:hidden@127.0.0.1", "redis://:hidden@127.0.0.1", "hidden", "postgres://app:hidden@127.0.0.1:port/shop", "sqlite:",
	} {
		if _, err := openDatabase(dsn, &experiments.System{}, fresh(), &allowance{}); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

func fresh() *resolver {
	r := newResolver(journey.Facts{})
	return &r
}

// What is escaped, or asked for behind the question mark, is a DSN.
func TestRightDSNs(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://app:a%2Fb%3Fc%23d%40e%25f@127.0.0.1:1/shop", "postgres://app:a@b@127.0.0.1:1/shop", "postgres://127.0.0.1:1/shop?user=app@server&password=x@y",
		"mysql://app:a%2Fb%40c@127.0.0.1:1/shop?parseTime=true", "postgresql:///shop?host=/run/postgresql",
	} {
		d, err := openDatabase(dsn, &experiments.System{}, fresh(), &allowance{})
		if err != nil {
			t.Error(dsn, errors.Unwrap(err), err)
			continue
		}
		d.db.Close()
	}
}
