package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// mostOfBinary is how large the program of a release may be, in bytes. One reachable call of
// a method by a name that is made at run time, as text/template has it, lets the linker keep
// every exported method of every type in use: five megabytes. `go build -ldflags=-dumpdep`
// marks who has one with <ReflectMethod>.
const mostOfBinary = 40_000_000

// A release is what goreleaser made of this source under a tag.
type release struct {
	src, dist string
	commit    string
	platforms []string // such as linux/amd64
}

// makeRelease makes a release of the source as it is now: for this machine's platform where
// BLASTGAUGE_RELEASE=here, for all of them where it is all. To compile and to pack take
// longer than many rooms' tests together, so that it is made where somebody asks for it,
// as .ci/run does. No tool may be missing then.
func makeRelease(t *testing.T) release {
	t.Helper()
	asked := os.Getenv("BLASTGAUGE_RELEASE")
	switch asked {
	case "":
		t.Skip("BLASTGAUGE_RELEASE=here makes a release for this platform, =all for every one; .ci/run does")
	case "here", "all":
	default:
		t.Fatalf("BLASTGAUGE_RELEASE is %q, neither here nor all", asked)
	}
	for _, tool := range []string{"goreleaser", "cyclonedx-gomod", "dpkg-deb", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: .ci/run installs it", err)
		}
	}
	src := copySource(t)
	r := release{src: src, platforms: []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64"}}
	if asked == "here" {
		r.platforms = []string{"linux/" + runtime.GOARCH}
		replaceIn(t, filepath.Join(src, ".goreleaser.yaml"), "goarch: [amd64, arm64]", "goarch: ["+runtime.GOARCH+"]")
		replaceIn(t, filepath.Join(src, ".goreleaser.yaml"), "goos: [darwin]\n", "goos: [darwin]\n    skip: true\n")
	}
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://github.com/blastgauge/blastgauge.git"}, {"add", "-A"}, {"commit", "-q", "-m", "release"}, {"tag", "v0.9.8"}} {
		command(t, src, "git", args...)
	}
	r.commit = strings.TrimSpace(command(t, src, "git", "rev-parse", "HEAD"))
	command(t, src, "goreleaser", "check")
	command(t, src, "goreleaser", "release", "--skip=publish,announce")
	r.dist = filepath.Join(src, "dist")
	return r
}

// copySource copies what is or would be committed here, so that a release of it can be
// tagged.
func copySource(t *testing.T) (dir string) {
	t.Helper()
	top, dir := filepath.Join("..", ".."), t.TempDir()
	for name := range strings.SplitSeq(strings.Trim(command(t, top, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00"), "\x00") {
		from, err := os.Open(filepath.Join(top, name))
		if err != nil {
			continue // it was removed, and nobody has committed that yet
		}
		err = write(filepath.Join(dir, name), from)
		_ = from.Close() // it was only read
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func replaceIn(t *testing.T, name, text, with string) {
	t.Helper()
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(old), text) {
		t.Fatalf("%s does not have %q", name, text)
	}
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(old), text, with)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, dir, name string, args ...string) (said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=release", "GIT_AUTHOR_EMAIL=release@example.test",
		"GIT_COMMITTER_NAME=release", "GIT_COMMITTER_EMAIL=release@example.test", "GIT_AUTHOR_DATE=2026-09-21T12:00:00Z", "GIT_COMMITTER_DATE=2026-09-21T12:00:00Z")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, &errs)
	}
	return string(out)
}

// A release has for each platform an archive and what it was made of, and for Linux a
// package and an image with the very same program, which says what it was built from.
func TestARelease(t *testing.T) {
	t.Parallel()
	r := makeRelease(t)
	want := []string{"checksums.txt"}
	for _, platform := range r.platforms {
		system, arch, _ := strings.Cut(platform, "/")
		base := "blastgauge_0.9.8_" + system + "_" + arch
		want = append(want, base+".tar.gz", base+".cdx.json")
		if system == "linux" {
			want = append(want, base+".image.tar", "blastgauge_0.9.8_"+arch+".deb")
		}
		t.Run(platform, func(t *testing.T) {
			program := checkArchive(t, filepath.Join(r.dist, base+".tar.gz"))
			checkProgram(t, r, program, system, arch)
			checkBill(t, filepath.Join(r.dist, base+".cdx.json"))
			if system == "linux" {
				checkPackage(t, filepath.Join(r.dist, "blastgauge_0.9.8_"+arch+".deb"), arch, program)
				checkImage(t, filepath.Join(r.dist, base+".image.tar"), platform, program)
			}
		})
	}
	checkSums(t, r.dist, want)
	if os.Getenv("BLASTGAUGE_RELEASE") == "all" { // everything of ours is compiled once more
		checkInstall(t, r)
	}
}

// checkInstall installs the newest version by the path of the module, as README says, from
// the repository of the release in place of the public one. Go's sums are not asked for:
// what else is needed comes from the modules of this machine, which were checked.
func checkInstall(t *testing.T, r release) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "gitconfig")
	text := "[url \"file://" + filepath.ToSlash(r.src) + "\"]\n\tinsteadOf = https://github.com/blastgauge/blastgauge\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	modules := strings.TrimSpace(command(t, r.src, "go", "env", "GOMODCACHE"))
	command(t, dir, "env", "GIT_CONFIG_GLOBAL="+config, "GOPRIVATE=github.com/blastgauge/blastgauge", "GOSUMDB=off",
		"GOPROXY=file://"+filepath.ToSlash(modules)+"/cache/download", "GOMODCACHE="+filepath.Join(dir, "modules"), "GOFLAGS=-modcacherw -trimpath",
		"CGO_ENABLED=0", "GOBIN="+dir, "go", "install", "github.com/blastgauge/blastgauge/cmd/blastgauge@latest")
	if said := command(t, dir, filepath.Join(dir, "blastgauge"), "version"); !strings.HasPrefix(said, "blastgauge v0.9.8 ") {
		t.Errorf("what was installed says %q", said)
	}
}

// checkSums wants the files of a release, and the checksum of each but that of their list.
func checkSums(t *testing.T, dist string, want []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	found := []string{"checksums.txt"}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		found = append(found, name)
		if got := sumOf(t, filepath.Join(dist, name)); got != sum {
			t.Errorf("%s: sha256 %s, listed is %s", name, got, sum)
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("the release has %q, want %q", found, want)
	}
}

func sumOf(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// pagesOf are a few of the files that an archive and a package have beside the program.
func pagesOf(man, bash, zsh, fish string) []string {
	return []string{man + "/blastgauge.1", man + "/blastgauge-run.1", man + "/blastgauge-completion-bash.1", bash, zsh, fish}
}

// checkArchive returns the program of an archive, as a file.
func checkArchive(t *testing.T, name string) (program string) {
	t.Helper()
	from, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	unzipped, err := gzip.NewReader(bufio.NewReader(from))
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(t.TempDir(), "blastgauge")
	modes := map[string]fs.FileMode{}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[h.Name] = h.FileInfo().Mode()
		if h.Uname != "root" || h.Gname != "root" || h.ModTime.UTC().Year() != 2026 || h.ModTime.UTC().Month() != 9 {
			t.Errorf("%s: %s is of %s:%s, at %v", filepath.Base(name), h.Name, h.Uname, h.Gname, h.ModTime)
		}
		if h.Name == "blastgauge" {
			if err := write(program, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, file := range append(pagesOf("man", "completions/blastgauge.bash", "completions/_blastgauge", "completions/blastgauge.fish"), "LICENSE", "README.md", "CHANGELOG.md", "completions/blastgauge.ps1") {
		if modes[file] != 0o644 {
			t.Errorf("%s: %s has mode %v; there are %q", filepath.Base(name), file, modes[file], slices.Sorted(maps.Keys(modes)))
		}
	}
	if modes["blastgauge"] != 0o755 {
		t.Errorf("%s: the program has mode %v", filepath.Base(name), modes["blastgauge"])
	}
	return program
}

// checkProgram wants a program that needs no library, has no path of this machine in it, is
// not too large, and says from which commit it is.
func checkProgram(t *testing.T, r release, program, system, arch string) {
	t.Helper()
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s/%s: %.1f MB", system, arch, float64(info.Size())/1e6)
	if info.Size() > mostOfBinary {
		t.Errorf("%s/%s has %d bytes, more than %d", system, arch, info.Size(), mostOfBinary)
	}
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range built.Settings {
		settings[s.Key] = s.Value
	}
	for key, want := range map[string]string{"GOOS": system, "GOARCH": arch, "CGO_ENABLED": "0", "-trimpath": "true", "vcs.revision": r.commit, "vcs.modified": "false"} {
		if settings[key] != want {
			t.Errorf("%s is %q, want %q", key, settings[key], want)
		}
	}
	if built.Main.Version != "v0.9.8" {
		t.Errorf("the version is %s", built.Main.Version)
	}
	if system == runtime.GOOS && arch == runtime.GOARCH {
		checkSays(t, r, program)
	}
}

// checkSays runs the program of this machine.
func checkSays(t *testing.T, r release, program string) {
	t.Helper()
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	if said := command(t, ".", program, "--version"); !strings.HasPrefix(said, "blastgauge v0.9.8 (commit "+r.commit[:12]+", 2026-09-21T12:00:00Z, ") {
		t.Errorf("--version: %s", said)
	}
	var said struct {
		Version, Commit, Date string
		Modified              bool
	}
	if err := json.Unmarshal([]byte(command(t, ".", program, "version", "-o", "json")), &said); err != nil {
		t.Fatal(err)
	}
	if said.Version != "v0.9.8" || said.Commit != r.commit || said.Date != "2026-09-21T12:00:00Z" || said.Modified {
		t.Errorf("version -o json: %+v", said)
	}
}

// checkBill wants the modules that a program is made of.
func checkBill(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	type component struct{ Name, Version, PURL string }
	var bill struct {
		Format     string `json:"bomFormat"`
		Metadata   struct{ Component component }
		Components []component
	}
	if err := json.Unmarshal(text, &bill); err != nil {
		t.Fatal(err)
	}
	if bill.Format != "CycloneDX" || bill.Metadata.Component.Name != "github.com/blastgauge/blastgauge" || bill.Metadata.Component.Version != "v0.9.8" {
		t.Errorf("%s is of %+v", filepath.Base(name), bill.Metadata)
	}
	for _, module := range []string{"github.com/Shopify/toxiproxy/v2", "github.com/spf13/cobra"} {
		if !slices.ContainsFunc(bill.Components, func(c component) bool { return c.Name == module && c.Version != "" && c.PURL != "" }) {
			t.Errorf("%s does not name %s", filepath.Base(name), module)
		}
	}
}

// checkPackage unpacks a package as dpkg does.
func checkPackage(t *testing.T, name, arch, program string) {
	t.Helper()
	for field, want := range map[string]string{"Package": "blastgauge", "Version": "0.9.8", "Architecture": arch} {
		if got := strings.TrimSpace(command(t, ".", "dpkg-deb", "--field", name, field)); got != want {
			t.Errorf("%s: %s is %q, want %q", filepath.Base(name), field, got, want)
		}
	}
	root := t.TempDir()
	command(t, ".", "dpkg-deb", "--extract", name, root)
	files := pagesOf("usr/share/man/man1", "usr/share/bash-completion/completions/blastgauge", "usr/share/zsh/vendor-completions/_blastgauge", "usr/share/fish/vendor_completions.d/blastgauge.fish")
	for _, file := range append(files, "usr/share/doc/blastgauge/copyright", "usr/share/doc/blastgauge/README.md", "usr/share/doc/blastgauge/CHANGELOG.md") {
		if info, err := os.Stat(filepath.Join(root, file)); err != nil || info.Mode() != 0o644 || info.Size() == 0 {
			t.Errorf("%s: %s: %v", filepath.Base(name), file, err)
		}
	}
	if got := sumOf(t, filepath.Join(root, "usr/bin/blastgauge")); got != sumOf(t, program) {
		t.Errorf("%s holds another program", filepath.Base(name))
	}
}

// checkImage wants the image of one platform, with the program.
func checkImage(t *testing.T, name, platform, program string) {
	t.Helper()
	list := unpack(t, name)
	top, err := list.IndexManifest()
	if err != nil || len(top.Manifests) != 1 {
		t.Fatalf("%s: %+v, %v", filepath.Base(name), top, err)
	}
	one, err := list.Image(top.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := one.ConfigFile()
	if err != nil || config.Platform().String() != platform || config.Config.Labels["org.opencontainers.image.version"] != "0.9.8" {
		t.Errorf("%s: %+v, %v", filepath.Base(name), config, err)
	}
	layers, err := one.Layers()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	extract(t, gunzip(t, layers[len(layers)-1]), root)
	if got := sumOf(t, filepath.Join(root, programPath)); got != sumOf(t, program) {
		t.Errorf("%s holds another program", filepath.Base(name))
	}
}
