package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// write builds the program for each platform and writes the archive, whole or not at all.
func (o options) write(ctx context.Context) error {
	trusted, err := readCertificates(o.certificates)
	if err != nil {
		return err
	}
	base, err := o.layer(surroundings(trusted))
	if err != nil {
		return err
	}
	var images []v1.Image
	for _, platform := range o.platforms {
		program, err := o.programFor(ctx, platform)
		if err != nil {
			return err
		}
		one, err := o.imageFor(platform, base, program)
		if err != nil {
			return fmt.Errorf("image for %s: %w", platform, err)
		}
		images = append(images, one)
	}
	return o.writeArchive(images)
}

func (o options) programFor(ctx context.Context, platform string) ([]byte, error) {
	if o.program == "" {
		return build(ctx, platform)
	}
	return os.ReadFile(o.program)
}

// layer packs files as one layer. What changes seldom has one of its own, so that a new
// version is a download of the program alone.
func (o options) layer(files []file) (v1.Layer, error) {
	packed, err := pack(files, o.created)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

func (o options) imageFor(platform string, base v1.Layer, program []byte) (v1.Image, error) {
	top, err := o.layer(programFiles(program))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: base, History: o.history("certificates, user and folders")}, mutate.Addendum{Layer: top, History: o.history("blastgauge")})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	system, arch, _ := strings.Cut(platform, "/")
	config.OS, config.Architecture, config.Created = system, arch, v1.Time{Time: o.created}
	config.Config = v1.Config{
		User:       strconv.Itoa(user) + ":" + strconv.Itoa(user),
		Entrypoint: []string{programPath},
		Env:        []string{"PATH=" + filepath.Dir(programPath)},
		WorkingDir: home,
		Labels: map[string]string{
			"org.opencontainers.image.title":       "blastgauge",
			"org.opencontainers.image.description": "chaos and fault-injection testing with measured harm",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.source":      "https://github.com/blastgauge/blastgauge",
			"org.opencontainers.image.version":     o.version,
		},
	}
	return mutate.ConfigFile(image, config)
}

func (o options) history(what string) v1.History {
	return v1.History{Created: v1.Time{Time: o.created}, CreatedBy: "cmd/image", Comment: what}
}

// writeArchive writes an OCI layout as a tar file: of one image, or of an index of
// those for several platforms, from which an engine takes its own.
func (o options) writeArchive(images []v1.Image) (err error) {
	dir, err := os.MkdirTemp("", "blastgauge-image-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": o.version,
		"io.containerd.image.name":          "docker.io/library/blastgauge:" + o.version, // as of docker build -t blastgauge:VERSION; podman would take the tag for the name
	})
	if len(images) == 1 {
		err = to.AppendImage(images[0], name)
	} else {
		var all v1.ImageIndex
		if all, err = index(images); err == nil {
			err = to.AppendIndex(all, name)
		}
	}
	if err != nil {
		return err
	}
	return archive(dir, o.out)
}

func index(images []v1.Image) (v1.ImageIndex, error) {
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, one := range images {
		config, err := one.ConfigFile()
		if err != nil {
			return nil, err
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: one, Descriptor: v1.Descriptor{Platform: config.Platform()}})
	}
	return all, nil
}

// archive writes the files below dir as a tar file, in the order of their names and with
// nothing in it that depends on this machine.
func archive(dir, target string) (err error) {
	into, err := os.OpenRoot(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.Close()) }()
	return atomicfile.WriteIn(into, filepath.Base(target), 0o644, func(to io.Writer) error {
		w := tar.NewWriter(to)
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return addFile(w, dir, name)
		})
		return errors.Join(err, w.Close())
	})
}

func addFile(w *tar.Writer, dir, name string) error {
	body, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	inside, err := filepath.Rel(dir, name)
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(inside), Mode: 0o644, Size: int64(len(body)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// digestOf returns the digest of what an archive holds: the one that a registry gives it.
func digestOf(name string) (digest string, err error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if err != nil {
			return "", fmt.Errorf("%s: index.json: %w", name, err)
		}
		if h.Name != "index.json" {
			continue
		}
		content, err := v1.ParseIndexManifest(r)
		if err != nil {
			return "", fmt.Errorf("%s: index.json: %w", name, err)
		}
		if n := len(content.Manifests); n != 1 {
			return "", fmt.Errorf("%s: index.json has %d entries, not one", name, n)
		}
		return content.Manifests[0].Digest.String(), nil
	}
}
