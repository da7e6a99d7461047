package checkout

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// cartSigner makes cart ids that carry the cart itself, signed. Carts are stored in
// Redis; if that fails, the id is enough.
type cartSigner struct{ key []byte }

func newCartSigner() cartSigner {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return cartSigner{key}
}

// sign returns the id of c.
func (s cartSigner) sign(c cart) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + s.mac(body), nil
}

// open returns the cart in id. It returns errNoCart if this shop did not sign the id,
// or signed it too long ago.
func (s cartSigner) open(id string, now time.Time) (cart, error) {
	body, mac, ok := strings.Cut(id, ".")
	if !ok || !hmac.Equal([]byte(mac), []byte(s.mac(body))) {
		return cart{}, errNoCart
	}
	var c cart
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(text, &c) != nil || now.Sub(c.Filled) > cartLife {
		return cart{}, errNoCart
	}
	return c, nil
}

func (s cartSigner) mac(body string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// digest shortens text to something that fits into a key or a path.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return strings.ToLower(strings.NewReplacer("-", "x", "_", "y").
		Replace(base64.RawURLEncoding.EncodeToString(sum[:15])))
}
