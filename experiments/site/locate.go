package site

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Locate returns where the request for a target goes. A target is a path below the entry,
// or an absolute URL; one that names the system itself leads to the entry. The error is
// of class [ErrNoURL].
func (s *Site) Locate(target string) (Place, error) {
	if s != nil && strings.HasPrefix(target, "/") {
		p := s.entry
		p.Path += target
		return p, nil
	}
	origin, path, err := splitOrigin(target)
	if err != nil {
		return Place{}, err
	}
	u, err := url.Parse(origin)
	if err != nil || u.User != nil {
		return Place{}, fmt.Errorf("%q: %w", origin, ErrNoURL)
	}
	p, err := placeOf(u.Scheme, u)
	if err != nil {
		return Place{}, fmt.Errorf("%q: %w", origin, err)
	}
	p.Path = path
	if n, path, ok := s.named(p); ok {
		host := p.Host
		p = s.entry
		p.Path = path
		if n.alias {
			p.Host = host
		}
	}
	return p, nil
}

// splitOrigin splits an absolute URL into its scheme and authority, and its path.
func splitOrigin(target string) (origin, path string, err error) {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok {
		return "", "", fmt.Errorf("%q is neither a path nor a URL: %w", target, ErrNoURL)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	path = rest[end:]
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return strings.ToLower(scheme) + "://" + rest[:end], path, nil
}

// named returns the name of the system that a place goes by, and the path at the entry. Of
// several with one host and port, it is the one with the longest prefix.
func (s *Site) named(p Place) (of name, path string, ok bool) {
	if s == nil {
		return name{}, "", false
	}
	host, rest := canonical(p.Name), p.Path
	below := false
	for _, n := range s.own {
		if n.host != host || n.scheme != "" && n.scheme != p.Scheme || !slices.Contains(n.ports, p.Port) {
			continue
		}
		after, isBelow := cutPrefix(p.Path, n.prefix)
		if !ok || isBelow && (!below || len(n.prefix) > len(of.prefix)) {
			of, ok, below, rest = n, true, isBelow, after
		}
	}
	if !below {
		return of, p.Path, ok
	}
	return of, s.entry.Path + rest, ok
}

// cutPrefix returns what of a path is behind a prefix, and whether it is below it.
func cutPrefix(path, prefix string) (rest string, below bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], "/?#") {
		return path, false
	}
	return rest, true
}

// HasPrefix reports whether a path begins with that of the entry's URL already.
func (s *Site) HasPrefix(path string) bool {
	_, below := cutPrefix(path, s.entry.Path)
	return below && s.entry.Path != ""
}

// Owns reports whether a target leads to the entry.
func (s *Site) Owns(target string) bool {
	p, err := s.Locate(target)
	return err == nil && p.Own
}

// Entry returns where paths lead, without a path.
func (s *Site) Entry() Place {
	p := s.entry
	p.Path = ""
	return p
}
