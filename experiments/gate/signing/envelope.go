// Package signing signs statements, and checks signatures.
//
// A statement is in a DSSE envelope, which may hold several signatures. They are of ECDSA
// on P-256 with SHA-256, and of the statement's bytes with their type, so that nothing else
// that was signed with a key can be taken for a statement. A file holds an envelope a line.
package signing

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// PayloadType is the type of the bytes in an envelope: an in-toto statement.
const PayloadType = "application/vnd.in-toto+json"

// Bounds of a file of envelopes.
const (
	MostBytes      = 10 << 20
	MostLines      = 1000
	MostSignatures = 100
	mostSignature  = 1000 // bytes of one, in base64
	mostKeyID      = 200
)

// An Envelope holds a statement and who signed it.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`

	line int // in the file that it was read from; 0: none
}

// Line is the line that the envelope was read from, of a file; 0 for one that was not read.
func (e *Envelope) Line() int { return e.line }

// A Signature is one of an envelope. KeyID is a hint: whose it is, only the key tells.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// Wrap puts the bytes of a statement into an envelope that nobody has signed.
func Wrap(statement []byte) *Envelope {
	return &Envelope{PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(statement), Signatures: []Signature{}}
}

// Statement are the bytes of the statement, whoever signed it.
func (e *Envelope) Statement() ([]byte, error) {
	text, ok := decodeBase64(e.Payload)
	if !ok {
		return nil, fmt.Errorf("%w: payload is no base64", strictjson.ErrMalformed)
	}
	return text, nil
}

// decodeBase64 reads base64 of either alphabet. There is one text for some bytes: line
// breaks, missing ends and bits that mean nothing are none.
func decodeBase64(text string) ([]byte, bool) {
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		b, err := alphabet.DecodeString(text)
		if err == nil && alphabet.EncodeToString(b) == text {
			return b, true
		}
	}
	return nil, false
}

// pae are the bytes that are signed: a statement with its type.
func pae(payloadType string, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(body)) + " ")
	b.Write(body)
	return b.Bytes()
}

// check returns what is wrong with an envelope, whoever signed it.
func (e *Envelope) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", strictjson.ErrMalformed, fmt.Sprintf(format, args...))
	}
	switch {
	case e.PayloadType != PayloadType:
		return wrong("payloadType is %.80q, want %q", e.PayloadType, PayloadType)
	case e.Signatures == nil:
		return wrong("signatures are missing; a list without any is []")
	case len(e.Signatures) > MostSignatures:
		return wrong("%d signatures, at most %d are possible", len(e.Signatures), MostSignatures)
	}
	for i, s := range e.Signatures {
		if _, ok := decodeBase64(s.Sig); !ok || s.Sig == "" || len(s.Sig) > mostSignature || len(s.KeyID) > mostKeyID {
			return wrong("signature %d is none", i+1)
		}
	}
	_, err := e.Statement()
	return err
}

// Read reads a file of envelopes, one a line. Errors name the line, and are of a class of
// package strictjson.
func Read(file []byte) ([]*Envelope, error) {
	if len(file) > MostBytes {
		return nil, fmt.Errorf("%w: more than %d MB", strictjson.ErrMalformed, MostBytes>>20)
	}
	var list []*Envelope
	line := 0
	for text := range bytes.Lines(file) {
		line++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if len(list) == MostLines {
			return nil, fmt.Errorf("%w: line %d: more than %d envelopes", strictjson.ErrMalformed, line, MostLines)
		}
		e := &Envelope{line: line}
		if err := strictjson.Decode(text, e); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// Write writes envelopes as [Read] reads them.
func Write(list []*Envelope) ([]byte, error) {
	var b bytes.Buffer
	for _, e := range list {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}
