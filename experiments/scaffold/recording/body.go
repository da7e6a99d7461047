package recording

import (
	"io"
	"mime"
	"mime/multipart"
	"strings"
)

// maxParts is how many parts of a body are read.
const maxParts = 1000

// Size returns how many bytes of text the request sent, without files.
func (b *Body) Size() int {
	if b == nil {
		return 0
	}
	n := len(b.Text)
	for _, p := range b.Params {
		if p.File == "" {
			n += len(p.Name) + len(p.Value)
		}
	}
	return n
}

// Kind returns the media type in lower case, without parameters.
func (b *Body) Kind() string {
	kind, _, _ := strings.Cut(b.MIME, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// ParseMultipart reads the fields of a multipart form as far as it can: recordings cut
// the contents of files, and with them sometimes the end. It reports false where there
// is not one field.
func ParseMultipart(contentType, text string) ([]Param, bool) {
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "multipart/") {
		return nil, false
	}
	_, attributes, _ := mime.ParseMediaType(contentType)
	boundary := attributes["boundary"]
	if boundary == "" { // its first line is the boundary
		line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
		boundary = strings.TrimPrefix(strings.TrimRight(line, "\r"), "--")
	}
	if boundary == "" || len(boundary) > 200 {
		return nil, false
	}
	r := multipart.NewReader(strings.NewReader(text), boundary)
	var fields []Param
	for range maxParts {
		part, err := r.NextRawPart()
		if err != nil {
			break
		}
		content, _ := io.ReadAll(part) // what there is of it
		f := Param{Name: part.FormName(), File: part.FileName(), MIME: part.Header.Get("Content-Type")}
		if f.File == "" {
			f.Value = string(content)
		}
		if f.Name != "" {
			fields = append(fields, f)
		}
	}
	return fields, len(fields) > 0
}
