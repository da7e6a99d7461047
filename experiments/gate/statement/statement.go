// Package statement writes what a run found as in-toto statements, and reads them back.
//
// [Make] turns a result into two statements about the same subjects: [TestResult], which
// other tools have policies for, and [Resilience], which says how much harm was measured,
// how precisely, and how it is known that the faults were there and are gone. Both are
// written in the canonical form of RFC 8785, so the same result gives the same bytes.
// [Decode] takes nothing but such bytes.
package statement

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// Types of an in-toto statement and of what it may hold here.
const (
	Type           = "https://in-toto.io/Statement/v1"
	TestResultType = "https://in-toto.io/attestation/test-result/v0.1"
	ResilienceType = "https://github.com/blastgauge/blastgauge/resilience/v0.1"
)

// MostBytes is how long the bytes of a statement, or a file of statements, may be.
const MostBytes = 10 << 20

// A Statement says something of its subjects.
type Statement[P any] struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

// A Subject is what a statement is about. Only its digest counts; its name is for people.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// A Digest is a digest of bytes, or the id of a commit, in lower-case hex.
type Digest struct {
	SHA256    string `json:"sha256,omitempty"`
	GitCommit string `json:"gitCommit,omitempty"`
}

func (d Digest) String() string {
	if d.SHA256 != "" {
		return "sha256:" + d.SHA256
	}
	return "gitCommit:" + d.GitCommit
}

var (
	hexDigest = lazyregexp.New(`^[0-9a-f]{64}$`)
	hexCommit = lazyregexp.New(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// check returns what is wrong with a digest.
func (d Digest) check() error {
	switch {
	case d.SHA256 != "" && d.GitCommit != "":
		return errors.New("a digest is of bytes or of a commit, not of both")
	case d.GitCommit != "" && !hexCommit.MatchString(d.GitCommit):
		return fmt.Errorf("%.80q is no id of a commit: 40 or 64 hexadecimal digits", d.GitCommit)
	case d.GitCommit == "" && !hexDigest.MatchString(d.SHA256):
		return fmt.Errorf("%.80q is no SHA-256: 64 hexadecimal digits", d.SHA256)
	}
	return nil
}

// canonicalSuffix marks the subject that is the canonical form of another one.
const canonicalSuffix = "#canonical"

// OfFile are the subjects of a file: its bytes, and, where it is a JSON or YAML document
// that has one, its canonical form. The second one tells whether a document that was only
// laid out anew was measured before.
func OfFile(name string, content []byte) []Subject {
	list := []Subject{{name, DigestOf(content)}}
	if text, err := CanonicalDocument(name, content); err == nil {
		list = append(list, Subject{name + canonicalSuffix, DigestOf(text)})
	}
	return list
}

// IsCanonical reports whether the subject is the canonical form of a document, and not the
// bytes of anything.
func (s Subject) IsCanonical() bool { return strings.HasSuffix(s.Name, canonicalSuffix) }

// OfCommit is the subject for a commit; false where id is none, such as a version with
// changes that are not committed.
func OfCommit(id string) (Subject, bool) {
	return Subject{"git", Digest{GitCommit: id}}, hexCommit.MatchString(id)
}

// ParseSubject reads NAME@sha256:DIGEST, as images are named, or NAME@gitCommit:ID.
func ParseSubject(text string) (Subject, error) {
	name, digest, _ := strings.Cut(text, "@")
	d, err := ParseDigest(digest)
	s := Subject{name, d}
	if err != nil || s.Check() != nil || s.IsCanonical() {
		return Subject{}, fmt.Errorf("%.200q: want NAME@sha256: and 64 hexadecimal digits, or NAME@gitCommit: and 40 or 64", text)
	}
	return s, nil
}

// ParseDigest reads sha256:DIGEST or gitCommit:ID, as [Digest.String] writes them.
func ParseDigest(text string) (Digest, error) {
	kind, sum, _ := strings.Cut(text, ":")
	var d Digest
	switch kind {
	case "sha256":
		d.SHA256 = sum
	case "gitCommit":
		d.GitCommit = sum
	}
	if err := d.check(); err != nil {
		return Digest{}, fmt.Errorf("%.200q: want sha256: and 64 hexadecimal digits, or gitCommit: and 40 or 64", text)
	}
	return d, nil
}

// Check returns what is wrong with a subject.
func (s Subject) Check() error {
	if s.Name == "" || !IsLine(s.Name) {
		return fmt.Errorf("%.80q is no name of a subject", s.Name)
	}
	if err := s.Digest.check(); err != nil {
		return fmt.Errorf("subject %.80q: %w", s.Name, err)
	}
	return nil
}

// DigestFrom is the digest of all that can be read.
func DigestFrom(r io.Reader) (Digest, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return Digest{}, err
	}
	return Digest{SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// DigestOf is the digest of bytes.
func DigestOf(content []byte) Digest {
	sum := sha256.Sum256(content)
	return Digest{SHA256: hex.EncodeToString(sum[:])}
}
