package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// maxUpload is how long a file may be that a request sends, in bytes. A few of them are
// in flight at once.
const maxUpload = 8 << 20

// A FormPart is a part of a multipart form: a text with variables, or a file.
type FormPart struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	File  *File  `json:"file,omitempty"`
}

// A File is one that a request sends. It is read once, when the document is loaded, and
// its bytes are in no journal and no report: Digest stands for them.
type File struct {
	Path   string `json:"file"`           // as the document names it, relative to its folder
	Name   string `json:"name,omitempty"` // that a multipart form gives it; may hold ${variables}
	Type   string `json:"type"`           // its media type
	Size   int    `json:"size"`           // in bytes
	Digest string `json:"digest"`         // "sha256:" and 64 hexadecimal digits

	content []byte
}

// Content returns the bytes of the file. It reports false where they were not read, as
// in a plan that comes from a journal.
func (f *File) Content() (content []byte, read bool) { return f.content, f.content != nil }

// Shown is what stands for the bytes wherever people look at a request.
func (f *File) Shown() string {
	unit := "bytes"
	if f.Size == 1 {
		unit = "byte"
	}
	return fmt.Sprintf("<%d %s of %s>", f.Size, unit, filepath.Base(filepath.FromSlash(f.Path)))
}

// NewFile returns a file with this content. Its type is what the end of the path says.
func NewFile(path string, content []byte) *File {
	sum := sha256.Sum256(content)
	f := &File{Path: path, Type: "application/octet-stream", Size: len(content), Digest: "sha256:" + hex.EncodeToString(sum[:]), content: append([]byte{}, content...)}
	if known := mime.TypeByExtension(strings.ToLower(filepath.Ext(path))); known != "" {
		f.Type, _, _ = strings.Cut(known, ";") // its charset would be a guess
	}
	return f
}

// fileFields are the keys of a file that a request sends. named is set for a part of a
// form, which has a type and a name of its own.
func fileFields(to **File, env environment, named bool) shape.Shape {
	*to = &File{}
	f := shape.Fields{{Name: "file", Doc: "the file, relative to this document; it is read once, when the document is loaded", Shape: env.inText(&(*to).Path, uploadFile{*to, env}), Required: true}}
	if named {
		f = append(f, shape.Fields{
			{Name: "type", Doc: "its media type; by default what the end of its name says", Shape: mediaType(&(*to).Type)},
			{Name: "name", Doc: "the name that the form gives it; by default its own", Shape: templated{to: &(*to).Name}},
		}...)
	}
	return f
}

// An uploadFile is the name of a file, which is read at once.
type uploadFile struct {
	to  *File
	env environment
}

func (u uploadFile) Read(d *shape.Document, n shape.Node, path string) {
	name, before := "", d.Count()
	shape.Text(&name).Read(d, n, path)
	if d.Count() > before {
		return
	}
	file := u.env.pathOf(name)
	if wrong, missing := missingFile(name, file); missing {
		d.Fail(n, wrong)
		return
	}
	content, problem := readRegular(file, maxUpload)
	if problem != "" {
		d.Fail(n, shape.Diagnostic{Msg: problem})
		return
	}
	read := NewFile(name, content)
	if u.to.Type != "" { // given before
		read.Type = u.to.Type
	}
	read.Name = u.to.Name
	*u.to = *read
}

func (u uploadFile) Schema() shape.Object { return shape.Pattern(`\S`, "photo.png") }

func mediaType(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a media type such as image/png", JSON: shape.Pattern(`^[^/\s]+/[^/\s]+`, "image/png"), Parse: func(s string) (string, *shape.Diagnostic) {
		kind, _, err := mime.ParseMediaType(s)
		if main, sub, ok := strings.Cut(kind, "/"); err != nil || !ok || main == "" || sub == "" || strings.ContainsAny(s, "\r\n") {
			return "", &shape.Diagnostic{Msg: fmt.Sprintf("%q is not a media type such as image/png", s)}
		}
		return s, nil
	}}
}

// formParts is the parts of a multipart form by their names: each a text, a file, or a
// list of them. Without files it is texts alone.
func formParts(to *[]FormPart, env environment, files bool) shape.Shape {
	return repeated[FormPart]{to: to, item: func(name string, p *FormPart) shape.Shape {
		p.Name = name
		part := shape.ByKind{Want: "a text", Scalar: templated{to: &p.Value, loose: true}}
		if files {
			part.Scalar = noFileSign(part.Scalar, "{file: %s}")
			part.Want = "a text, or a file such as {file: photo.png},"
			part.Mapping = partFile{p, env}
		}
		return part
	}}
}

// A partFile is a part of a form that is a file.
type partFile struct {
	to  *FormPart
	env environment
}

func (p partFile) Read(d *shape.Document, n shape.Node, path string) {
	fileFields(&p.to.File, p.env, true).Read(d, n, path)
}

func (p partFile) Schema() shape.Object { return fileFields(new(*File), p.env, true).Schema() }

// requestBody is a text, or a file whose bytes are the body.
func requestBody(r *Request, env environment, files bool) shape.Shape {
	text := templated{to: &r.Body}
	if !files {
		return text
	}
	return shape.ByKind{Want: "a text, or a mapping such as {file: photo.png},", Scalar: noFileSign(text, "{file: %s}"), Mapping: bodyFile{r, env}}
}

// fileSign is how curl writes a file that it sends: @photo.png, or
// @photo.png;type=image/png. Names of people (@ann.lee) have no such ends.
var fileSign = lazyregexp.New(`(?i)^@([^\s;][^\n;]*\.(?:avif|bin|bmp|csv|docx?|gif|gz|heic|html?|jpe?g|json|jsonl|md|mov|mp3|mp4|pdf|png|pptx?|svg|tar|tiff?|tsv|txt|wav|webp|xlsx?|xml|ya?ml|zip))(?:;[^\n]*)?$`)

// noFileSign refuses a text that is curl's spelling of a file: it would be sent as it is,
// and most systems take any text. instead is what to write, with %s for the file.
func noFileSign(text shape.Shape, instead string) shape.Shape {
	return shape.Validated{Shape: text, Check: func(d *shape.Document, n shape.Node, _ string) {
		if m := fileSign.FindStringSubmatch(n.Text()); m != nil {
			d.Fail(n, shape.Diagnostic{Msg: fmt.Sprintf("%q would be sent as these %d characters, not as a file", m[0], len(m[0])), Hint: "write " + fmt.Sprintf(instead, m[1])})
		}
	}}
}

// A bodyFile explains what to write instead of a mapping that is no file.
type bodyFile struct {
	to  *Request
	env environment
}

func (b bodyFile) Read(d *shape.Document, n shape.Node, path string) {
	if _, file := n.Lookup("file"); !file {
		d.Fail(n, shape.Diagnostic{Msg: "a text, or a mapping such as {file: photo.png}, is needed here", Hint: "json: sends a mapping as JSON, form: as fields of a form"})
		return
	}
	fileFields(&b.to.File, b.env, false).Read(d, n, path)
}

func (b bodyFile) Schema() shape.Object { return fileFields(new(*File), b.env, false).Schema() }

// repeated is a mapping of names to values, where a list is a value for each of its
// items, in order.
type repeated[T any] struct {
	to   *[]T
	item func(name string, to *T) shape.Shape
}

func (r repeated[T]) Read(d *shape.Document, n shape.Node, path string) {
	d.EachField(n, path, func(key, value shape.Node, path string) {
		item := func(to *T) shape.Shape { return r.item(key.Text(), to) }
		var list []T
		var of shape.Shape = shape.One[T]{To: &list, Item: item}
		if value.Kind() == shape.Sequence {
			of = shape.List[T]{To: &list, Item: item, Min: 1, Max: 1000}
		}
		of.Read(d, value, path)
		*r.to = append(*r.to, list...)
	})
}

func (r repeated[T]) Schema() shape.Object {
	one := r.item("", new(T)).Schema()
	list := shape.Object{"type": "array", "items": r.item("", new(T)).Schema(), "minItems": 1, "maxItems": 1000}
	return shape.Object{"type": "object", "additionalProperties": shape.Object{"anyOf": []shape.Object{one, list}}}
}
