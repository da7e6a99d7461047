package journey

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A form is what a step needs to send a multipart form.
type form struct {
	boundary string // between its parts; empty where the body is no such form
	own      bool   // the document gives it
	parts    int
}

// compileMultipart compiles a multipart form (RFC 7578) as browsers send it, without
// Content-Type for texts. given is the Content-Type of the document, or empty.
func (c *compiler) compileMultipart(s *step, parts []experiments.FormPart, given string) error {
	s.form = form{boundary: boundaryOf(parts), parts: len(parts)}
	if _, parameters, err := mime.ParseMediaType(given); err == nil && parameters["boundary"] != "" {
		s.form.boundary, s.form.own = parameters["boundary"], true
	}
	var out template
	for _, p := range parts {
		head, err := c.compilePartHead(p)
		if err != nil {
			return err
		}
		out = out.append(segment{literal: "--"}, segment{variable: formBoundary}, segment{literal: "\r\n"})
		out = out.append(head...)
		if p.File != nil {
			out = out.append(segment{variable: fileContent, file: p.File})
		} else {
			value, err := c.compileText(p.Value, asText)
			if err != nil {
				return err
			}
			out = out.append(value...)
		}
		out = out.append(segment{literal: "\r\n"})
	}
	s.body = out.append(segment{literal: "--"}, segment{variable: formBoundary}, segment{literal: "--\r\n"})
	return nil
}

func (c *compiler) compilePartHead(p experiments.FormPart) (template, error) {
	head := template{{literal: `Content-Disposition: form-data; name="` + quoted(p.Name) + `"`}}
	if p.File == nil {
		return head.append(segment{literal: "\r\n\r\n"}), nil
	}
	if err := checkRead(p.File); err != nil {
		return nil, err
	}
	name := template{{literal: quoted(filepath.Base(filepath.FromSlash(p.File.Path)))}}
	if p.File.Name != "" {
		var err error
		if name, err = c.compileText(p.File.Name, inFileName); err != nil {
			return nil, err
		}
	}
	head = head.append(segment{literal: `; filename="`}).append(name...)
	return head.append(segment{literal: "\"\r\nContent-Type: " + p.File.Type + "\r\n\r\n"}), nil
}

// quoted is a name as it stands between the quotes of a head.
func quoted(name string) string { return string(encode(nil, name, inFileName)) }

// checkRead refuses a file of a plan that was not made from documents.
func checkRead(f *experiments.File) error {
	if _, read := f.Content(); !read {
		return fmt.Errorf("the content of %s is not there: it is read with the documents", f.Path)
	}
	return nil
}

// compileFileBody compiles a body that is a file.
func (c *compiler) compileFileBody(s *step, f *experiments.File) error {
	s.body = template{{variable: fileContent, file: f}}
	return checkRead(f)
}

// multipartHeader returns the Content-Type of a multipart form. given is that of the
// document, or empty. A document that says multipart and no boundary gets ours.
func (s *step) multipartHeader(given string) template {
	kind, parameters, err := mime.ParseMediaType(given)
	switch {
	case given == "":
		given = "multipart/form-data"
	case err != nil || !strings.HasPrefix(kind, "multipart/") || parameters["boundary"] != "":
		return nil // as it is written
	}
	return template{{literal: strings.TrimRight(given, "; ") + "; boundary="}, {variable: formBoundary, encoding: inHeader}}
}

// boundaryOf returns what stands between parts: the same in every request of equal
// steps, and in no file.
func boundaryOf(parts []experiments.FormPart) string {
	text, err := json.Marshal(parts)
	if err != nil { // cannot happen: it is made of texts and numbers
		text = nil
	}
	sum := sha256.Sum256(text)
	first := "blastgauge-" + hex.EncodeToString(sum[:12])
	for name, n := first, 2; ; name, n = first+"-"+strconv.Itoa(n), n+1 {
		if !inFiles(parts, name) {
			return name
		}
	}
}

func inFiles(parts []experiments.FormPart, boundary string) bool {
	for _, p := range parts {
		if p.File != nil {
			if content, _ := p.File.Content(); bytes.Contains(content, []byte("--"+boundary)) {
				return true
			}
		}
	}
	return false
}

// fillBody fills in the body. A value that holds the boundary of a form, because the
// system has sent it back, would divide its part in two: then it gets another.
func (e *Execution) fillBody(s *step) {
	for n := 2; ; n++ {
		e.values.files = e.values.files[:0]
		e.req.Body = s.body.fill(e.req.Body[:0], &e.values)
		if e.req.Files = e.values.files; s.form.boundary == "" || s.form.own || bytes.Count(e.req.Body, []byte("--"+e.values.boundary)) <= s.form.parts+1 {
			return
		}
		e.values.boundary = s.form.boundary + "-" + strconv.Itoa(n)
	}
}
