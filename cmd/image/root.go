package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Who the program runs as, and where things are. The Dockerfile says the same.
const (
	user         = 65532 // that of other images without a shell, so that policies know it
	home         = "/home/nonroot"
	programPath  = "/usr/local/bin/blastgauge"
	certificates = "/etc/ssl/certs/ca-certificates.crt" // where Go looks for them first
)

// A file is one entry of the image's root.
type file struct {
	path  string // without the leading slash; a folder ends with one
	mode  int64
	owner int
	body  []byte
}

// surroundings are what the program needs beside itself. The folders that it writes to
// are the user's home, which is its working directory and holds .blastgauge/runs and its
// list of open runs, and /tmp. Where the root is read-only, both have to be volumes.
func surroundings(trusted []byte) []file {
	return []file{
		{path: "etc/", mode: 0o755},
		{path: "etc/group", mode: 0o644, body: fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", user)},
		// Container engines look up a user's HOME here.
		{path: "etc/passwd", mode: 0o644, body: fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%d:%d:nonroot:%s:/sbin/nologin\n", user, user, home)},
		{path: "etc/ssl/", mode: 0o755},
		{path: "etc/ssl/certs/", mode: 0o755},
		{path: certificates[1:], mode: 0o644, body: trusted},
		{path: "home/", mode: 0o755},
		{path: home[1:] + "/", mode: 0o700, owner: user},
		{path: "tmp/", mode: 0o1777},
	}
}

// programFiles are the program and its folders.
func programFiles(program []byte) []file {
	return []file{
		{path: "usr/", mode: 0o755},
		{path: "usr/local/", mode: 0o755},
		{path: "usr/local/bin/", mode: 0o755},
		{path: programPath[1:], mode: 0o755, body: program},
	}
}

// pack returns a tar archive of files in the order that they have.
func pack(files []file, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		h := &tar.Header{Name: f.path, Mode: f.mode, Uid: f.owner, Gid: f.owner, Size: int64(len(f.body)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if strings.HasSuffix(f.path, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// readCertificates returns a PEM file of at least one authority: an image without any
// could make no TLS connection, and would say so only in the middle of a run.
func readCertificates(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("-certificates: %w", err)
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("-certificates: %s holds no certificate in PEM", name)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			return text, nil
		}
	}
}

// build returns the program for a platform: linked statically, because the image has no
// libraries, and without the paths of the machine that built it.
func build(ctx context.Context, platform string) (program []byte, err error) {
	dir, err := os.MkdirTemp("", "blastgauge-image-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	target := filepath.Join(dir, "blastgauge")
	system, arch, _ := strings.Cut(platform, "/")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", target, "github.com/blastgauge/blastgauge/cmd/blastgauge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build for %s: %w\n%s", platform, err, said)
	}
	return os.ReadFile(target)
}
