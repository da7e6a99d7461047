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
		"host=h password=hidden", "host=h password=/hidden", "host=h password=hid/hidden", "host=h password=x:hidden", "Server=h;Pwd={hidden}", "Server=h;Pwd=x:hidden", "password=hidden", "h:1,password=hidden", "host = h password='a hidden:1'", "password=hidden:80",
		`{"host":"h","password":"hidden"}`, "jdbc:sqlserver://h;password=hidden", "postgres://host=h password=hidden:1", "password hidden", "h:80 password=hidden", "127.0.0.1:80;password=hidden",
		"postgres://127.0.0.1:5432?sslmode=require password=hidden", "postgres://127.0.0.1:5432?sslmode=require+password=hidden", "postgres://127.0.0.1:5432? hidden",
	} {
		if _, err := parseTarget(text); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := parseTarget("postgres://127.0.0.1:5432?sslmode=verify-ca&sslrootcert=/certs@v1/ca.pem"); err != nil {
		t.Error(err)
	}
}

// Neither does what is told, and logged, of an address to listen at.
func TestListenAddressesShowNoPassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"host=h password=hidden", "redis://app:hidden@127.0.0.1:1", "app:hidden@127.0.0.1", "app:hidden%40127.0.0.1", "127.0.0.1:0?password=hidden", "Server=h;Pwd={hidden}", "password='hidden':1"} {
		if err := (&proxyInput{Listen: text}).lookUp(); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"127.0.0.1:0", "[::1]:0", ":0", "localhost:0"} {
		if err := (&proxyInput{Listen: text}).lookUp(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
