package proxy

import (
	"strings"
	"testing"
)

// An upstream with a login is refused, and no piece of its password is told.
func TestUpstreamsShowNoPassword(t *testing.T) {
	t.Parallel()
	for _, scheme := range append(schemes(), "mysql", "toxiproxy") {
		for _, password := range []string{"hidden", "hid@hidden", "hidden/x", "1/hidden", "hidden?x", "hidden#x", "%hidden", "hid:hidden"} {
			for _, prefix := range []string{scheme + "://", ""} {
				text := prefix + "app:" + password + "@127.0.0.1:6379"
				if _, err := parseTarget(text); err == nil || strings.Contains(err.Error(), "hidden") {
					t.Errorf("%s: %v", text, err)
				}
			}
		}
	}
	for _, text := range []string{
		"redis://127.0.0.1:6379?password=hidden", "http://127.0.0.1:80/?token=hidden", "http://127.0.0.1:80/#hidden", "http://127.0.0.1:80/a#hidden", "postgres://app:hidden%40127.0.0.1:5432",
		"mysql://127.0.0.1:3306/?password=hidden", "127.0.0.1:80?hidden", "127.0.0.1:80/#hidden", "postgres://127.0.0.1:5432?password=hidden&%zz", "postgres://127.0.0.1?sslmode=hidden",
	} {
		if _, err := parseTarget(text); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := parseTarget("postgres://127.0.0.1:5432?sslmode=verify-ca&sslrootcert=/certs@v1/ca.pem"); err != nil {
		t.Error(err)
	}
}
