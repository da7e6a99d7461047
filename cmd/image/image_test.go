package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// authority writes a certificate that signs itself.
func authority(t *testing.T) (name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return written(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func written(t *testing.T, body []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// extract writes the files of a tar archive below dir, with their modes, and with their
// owners where this process may give files away.
func extract(t *testing.T, from io.Reader, dir string) {
	t.Helper()
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(name, 0o755)
		} else {
			err = write(name, r)
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(name, h.Uid, h.Gid)
		}
		if err := errors.Join(err, os.Chmod(name, h.FileInfo().Mode())); err != nil {
			t.Fatal(err)
		}
	}
}

func write(name string, from io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	to, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// unpack returns the index of an archive, which an engine would find to be whole.
func unpack(t *testing.T, archive string) v1.ImageIndex {
	t.Helper()
	text, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	extract(t, bytes.NewReader(text), dir)
	list, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(list); err != nil {
		t.Fatal(err)
	}
	return list
}

// imagesOf returns the images of an archive for several platforms.
func imagesOf(t *testing.T, archive string) (images []v1.Image) {
	t.Helper()
	list := unpack(t, archive)
	top, err := list.IndexManifest()
	if err != nil || len(top.Manifests) != 1 {
		t.Fatalf("index.json: %+v, %v", top, err)
	}
	if got := top.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != "1.2.3" {
		t.Errorf("the tag is %q", got)
	}
	if got, err := name.NewTag(top.Manifests[0].Annotations["io.containerd.image.name"], name.StrictValidation); err != nil || got.Name() != "index.docker.io/library/blastgauge:1.2.3" {
		t.Errorf("the name is %q, %v", got, err)
	}
	all, err := list.ImageIndex(top.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range manifest.Manifests {
		one, err := all.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, one)
	}
	return images
}

// The archive is one that engines take, with an image for each platform that runs the
// program as a user who is not root, and with the same bytes each time.
func TestTheArchive(t *testing.T) {
	t.Parallel()
	o := options{platforms: []string{"linux/amd64", "linux/arm64"}, program: written(t, []byte("program")), certificates: authority(t), version: "1.2.3", created: time.Unix(1e9, 0)}
	var texts [2][]byte
	for i := range texts {
		o.out = filepath.Join(t.TempDir(), "image.tar")
		if err := o.write(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if texts[i], err = os.ReadFile(o.out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("the same input gave other bytes")
	}
	var platforms []string
	for _, one := range imagesOf(t, o.out) {
		config, err := one.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		platforms = append(platforms, config.Platform().String())
		c := config.Config
		if c.User != "65532:65532" || c.WorkingDir != home || !slices.Equal(c.Entrypoint, []string{programPath}) || !config.Created.Equal(o.created) {
			t.Errorf("%s: %+v", config.Platform(), config)
		}
		checkRoot(t, one)
	}
	if !slices.Equal(platforms, o.platforms) {
		t.Errorf("platforms %v, want %v", platforms, o.platforms)
	}
}

// checkRoot wants the user's home to be the user's, /tmp everybody's, and nothing else
// to be writable by who is not root.
func checkRoot(t *testing.T, one v1.Image) {
	t.Helper()
	layers, err := one.Layers()
	if err != nil || len(layers) != 2 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	found := map[string]bool{}
	for _, l := range layers {
		content, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(content); ; {
			h, err := r.Next()
			if err != nil {
				break
			}
			found[h.Name] = true
			mode := h.FileInfo().Mode()
			switch {
			case h.Name == "tmp/":
				if mode != fs.ModeDir|fs.ModeSticky|0o777 || h.Uid != 0 {
					t.Errorf("/tmp is %v of %d", mode, h.Uid)
				}
			case h.Name == "home/nonroot/":
				if mode != fs.ModeDir|0o700 || h.Uid != user || h.Gid != user {
					t.Errorf("the home is %v of %d:%d", mode, h.Uid, h.Gid)
				}
			case mode.Perm()&0o022 != 0 || h.Uid != 0 || h.Gid != 0:
				t.Errorf("%s is %v of %d:%d", h.Name, mode, h.Uid, h.Gid)
			}
		}
	}
	for _, name := range []string{"tmp/", "home/nonroot/", "etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt", "usr/local/bin/blastgauge"} {
		if !found[name] {
			t.Errorf("the image has no %s", name)
		}
	}
}

// What is wrong with the command line, the certificates or the time is told, and no
// archive is written.
func TestRefused(t *testing.T) {
	t.Parallel()
	program, trusted, empty := written(t, []byte("program")), authority(t), written(t, []byte("-----BEGIN NOTHING-----"))
	for name, args := range map[string][]string{
		"a platform without arch":       {"-platforms", "linux"},
		"a platform that is no linux":   {"-platforms", "windows/amd64"},
		"one program for two platforms": {"-program", program},
		"an argument":                   {"image.tar"},
		"no certificate":                {"-platforms", "linux/amd64", "-program", program, "-certificates", empty},
		"certificates that are missing": {"-platforms", "linux/amd64", "-program", program, "-certificates", empty + "-none"},
		"a program that is missing":     {"-platforms", "linux/amd64", "-program", program + "-none", "-certificates", trusted},
	} {
		out := filepath.Join(t.TempDir(), "image.tar")
		if err := image(t.Context(), append([]string{"-o", out}, args...), io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: there is an archive", name)
		}
	}
	for _, text := range []string{"", "today", "-1"} {
		if _, err := created(func(string) (string, bool) { return text, true }); err == nil {
			t.Errorf("SOURCE_DATE_EPOCH=%q: no error", text)
		}
	}
}

// The digest that is told is the one that a registry gives the image.
func TestTheDigest(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "image.tar")
	var said strings.Builder
	if err := image(t.Context(), []string{"-o", out, "-platforms", "linux/amd64", "-program", written(t, []byte("program")), "-certificates", authority(t)}, &said); err != nil {
		t.Fatal(err)
	}
	top, err := unpack(t, out).IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if want := top.Manifests[0].Digest.String(); !strings.HasPrefix(said.String(), want+" ") {
		t.Errorf("%q is told, it is %s", said.String(), want)
	}
}

// The Dockerfile makes the same image.
func TestTheDockerfileAgrees(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"FROM scratch",
		"USER 65532:65532",
		"WORKDIR " + home,
		`ENTRYPOINT ["` + programPath + `"]`,
		"ENV PATH=" + filepath.Dir(programPath),
		"COPY --from=build /image/ /",
		"COPY --from=build --chown=65532:65532 /homes/ /home/",
	} {
		if !slices.Contains(strings.Split(string(text), "\n"), line) {
			t.Errorf("the Dockerfile has no line %q", line)
		}
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(module), "\ngo ")
	version, _, _ = strings.Cut(version, ".0\n")
	if !strings.Contains(string(text), " golang:"+version+".") {
		t.Errorf("the Dockerfile does not build with Go %s", version)
	}
}

// gunzip is a layer as it is stored, unpacked by the standard library, so that the test
// does not trust the library that packed it.
func gunzip(t *testing.T, l v1.Layer) io.Reader {
	t.Helper()
	stored, err := l.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	content, err := gzip.NewReader(stored)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
