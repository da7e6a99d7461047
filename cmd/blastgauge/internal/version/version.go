// Package version says which build of blastgauge this is.
package version

import "runtime/debug"

// Current is the version of this build, with the commit where it has no release.
func Current() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v, revision, dirty := info.Main.Version, "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if v == "" || v == "(devel)" {
		v = "dev"
		if revision != "" {
			v += "-" + revision + dirty
		}
	}
	return v
}
