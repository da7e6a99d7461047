package signing

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// ErrSignedAlready means that a key has signed an envelope before: two signatures of one key
// are those of one person.
var ErrSignedAlready = errors.New("this key has signed it already")

// Sign adds a signature.
func (e *Envelope) Sign(key *PrivateKey) error {
	if err := e.check(); err != nil {
		return err
	}
	if len(e.Signatures) == MostSignatures {
		return fmt.Errorf("it has %d signatures, and no more are possible", MostSignatures)
	}
	if slices.Contains(e.Verify([]PublicKey{key.public}).By, key.public.id) {
		return ErrSignedAlready
	}
	sum, err := e.sum()
	if err != nil {
		return err
	}
	sig, err := ecdsa.SignASN1(rand.Reader, key.key, sum)
	if err != nil {
		return err
	}
	e.Signatures = append(e.Signatures, Signature{key.public.id, base64.StdEncoding.EncodeToString(sig)})
	return nil
}

// sum is the SHA-256 of what is signed.
func (e *Envelope) sum() ([]byte, error) {
	text, err := e.Statement()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(pae(e.PayloadType, text))
	return sum[:], nil
}

// Checked is what the signatures of an envelope are worth to one who trusts some keys.
type Checked struct {
	By      []string // ids of trusted keys that signed it, each once
	Unknown int      // signatures of other keys
	Bad     int      // signatures that say they are of a trusted key, and are not
}

// Verify checks the signatures of an envelope. A signature without a key id is tried with
// every key.
func (e *Envelope) Verify(trusted []PublicKey) Checked {
	var c Checked
	sum, err := e.sum()
	for _, s := range e.Signatures {
		sig, ok := decodeBase64(s.Sig)
		named, by := false, ""
		for _, key := range trusted {
			if s.KeyID != "" && s.KeyID != key.id {
				continue
			}
			named = named || s.KeyID != ""
			if err == nil && ok && ecdsa.VerifyASN1(key.key, sum, sig) {
				by = key.id
				break
			}
		}
		switch {
		case by == "" && named:
			c.Bad++
		case by == "":
			c.Unknown++
		case !slices.Contains(c.By, by):
			c.By = append(c.By, by)
		}
	}
	return c
}
