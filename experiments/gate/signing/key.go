package signing

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// ErrKey means that something is no key that statements can be signed or checked with.
var ErrKey = errors.New("not a key for statements")

// Kinds of PEM blocks.
const (
	privateBlock = "PRIVATE KEY" // PKCS #8
	publicBlock  = "PUBLIC KEY"  // SubjectPublicKeyInfo
)

// A PrivateKey signs. It is of ECDSA on the curve P-256.
type PrivateKey struct {
	key    *ecdsa.PrivateKey
	public PublicKey
}

// A PublicKey checks signatures of its private key.
type PublicKey struct {
	key *ecdsa.PublicKey
	id  string
}

// ID is the SHA-256 of the key's SubjectPublicKeyInfo in hex: what `openssl pkey -pubin
// -outform DER | sha256sum` says.
func (k PublicKey) ID() string { return k.id }

// Public is the key that checks what this one signs.
func (k *PrivateKey) Public() PublicKey { return k.public }

// Generate makes a new key.
func Generate() (*PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return newPrivate(key)
}

func newPrivate(key *ecdsa.PrivateKey) (*PrivateKey, error) {
	public, err := newPublic(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{key, public}, nil
}

func newPublic(key *ecdsa.PublicKey) (PublicKey, error) {
	if key.Curve != elliptic.P256() {
		return PublicKey{}, fmt.Errorf("%w: its curve is %s, want P-256", ErrKey, key.Curve.Params().Name)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{key, hex.EncodeToString(sum[:])}, nil
}

// PEM is the key as ParsePrivate reads it: PKCS #8, not encrypted.
func (k *PrivateKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: der}), nil
}

// PEM is the key as ParsePublic, openssl and cosign read it.
func (k PublicKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der}), nil
}

// ParsePrivate reads the file of a private key. Its errors hold nothing of what is in it.
func ParsePrivate(file []byte) (*PrivateKey, error) {
	der, err := onlyBlock(file, privateBlock)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no PKCS #8", ErrKey)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: it is of another algorithm, want ECDSA on P-256", ErrKey)
	}
	return newPrivate(key)
}

// ParsePublic reads the file of a public key.
func ParsePublic(file []byte) (PublicKey, error) {
	der, err := onlyBlock(file, publicBlock)
	if err != nil {
		return PublicKey{}, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: it is no SubjectPublicKeyInfo", ErrKey)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("%w: it is of another algorithm, want ECDSA on P-256", ErrKey)
	}
	return newPublic(key)
}

// onlyBlock is what the only PEM block of a file holds.
func onlyBlock(file []byte, kind string) ([]byte, error) {
	block, rest := pem.Decode(file)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: it has no PEM block; want -----BEGIN %s-----", ErrKey, kind)
	case block.Type == "EC PRIVATE KEY" && kind == privateBlock:
		return nil, fmt.Errorf("%w: it is no PKCS #8; `openssl pkcs8 -topk8 -nocrypt` makes one of it", ErrKey)
	case block.Type == privateBlock && kind == publicBlock:
		return nil, fmt.Errorf("%w: it is a private key, and the public one is needed: `openssl pkey -pubout` tells it", ErrKey)
	case block.Type != kind:
		return nil, fmt.Errorf("%w: its PEM block is %.60q, want %q", ErrKey, block.Type, kind)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: something follows the PEM block", ErrKey)
	}
	return block.Bytes, nil
}
