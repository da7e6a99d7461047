// Package version says which build of blastgauge this is.
package version

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// A Build is one build of blastgauge, as its compiler recorded it. Nothing of it is told
// to the build from outside, so that none of it can be wrong by mistake. Its JSON has every
// key in any build.
type Build struct {
	// Version is a release such as v0.1.0, or of any other commit its pseudo-version, in
	// which +dirty says that files had changed. A build that recorded none is dev, with its
	// commit where it is known.
	Version  string `json:"version"`
	Commit   string `json:"commit"`   // the whole hash, or the 12 digits of a pseudo-version; empty: not recorded
	Date     string `json:"date"`     // of the commit, RFC 3339 in UTC; empty: not recorded
	Modified bool   `json:"modified"` // files differed from the commit
	Go       string `json:"go"`       // the version of Go, such as go1.26.8
	Platform string `json:"platform"` // such as linux/amd64
}

// Current is the version of this build.
func Current() string { return This().Version }

// This is the build that runs.
func This() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{Main: debug.Module{Version: "unknown"}}
	}
	b := of(info)
	b.Go, b.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	return b
}

// of reads what a build recorded about its sources.
func of(info *debug.BuildInfo) Build {
	var b Build
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	b.Version = info.Main.Version
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = b.unversioned()
	}
	if b.Commit == "" { // it was built from the module's files, which have no repository
		b.Commit, b.Date = fromPseudo(b.Version)
	}
	return b
}

// unversioned is the version of a build that recorded none.
func (b Build) unversioned() string {
	v := "dev"
	if len(b.Commit) >= 12 {
		v += "-" + b.Commit[:12]
	}
	if b.Modified {
		v += "+changes"
	}
	return v
}

// pseudo ends the version that Go gives a commit without a tag.
var pseudo = regexp.MustCompile(`[-.](\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-([0-9a-f]{12})$`)

// fromPseudo returns the commit and its date that a pseudo-version holds, empty for any other.
func fromPseudo(version string) (commit, date string) {
	part := pseudo.FindStringSubmatch(version)
	if part == nil {
		return "", ""
	}
	return part[7], fmt.Sprintf("%s-%s-%sT%s:%s:%sZ", part[1], part[2], part[3], part[4], part[5], part[6])
}

// String is the build in one line.
func (b Build) String() string {
	var about []string
	if b.Commit != "" {
		commit := "commit " + b.Commit[:min(12, len(b.Commit))]
		if b.Modified {
			commit += " with changes"
		}
		about = append(about, commit)
	}
	if b.Date != "" {
		about = append(about, b.Date)
	}
	about = append(about, cmp.Or(b.Go, "unknown Go"), b.Platform)
	return b.Version + " (" + strings.Join(about, ", ") + ")"
}

// WriteText writes the build as a line.
func WriteText(w io.Writer, b Build) error {
	_, err := fmt.Fprintf(w, "blastgauge %s\n", b)
	return err
}
