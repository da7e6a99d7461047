package site

import "strings"

// Resolve returns the target that a reference means in an answer to another target, such
// as that of a Location header: an absolute URL, without its fragment. It reads
// references as browsers do (WHATWG URL, 4.4), which takes more than RFC 3986: blanks
// around, backslashes for slashes, and any character, which [Escape] then encodes. It
// reports false for one that no HTTP request can be sent for, such as mailto:.
func (s *Site) Resolve(from, reference string) (target string, ok bool) {
	base, err := s.Locate(from)
	if err != nil {
		return "", false
	}
	reference = clean(reference)
	if scheme, rest := splitScheme(reference); scheme != "" {
		switch {
		case usualPort(scheme) == "":
			return "", false
		case scheme == base.Scheme && !strings.HasPrefix(rest, "//"):
			reference = rest
		default:
			base.Scheme, reference = scheme, "//"+rest
		}
	}
	head, path, err := splitOrigin(against(base, reference))
	if err != nil {
		return "", false
	}
	target = head + withoutDots(path)
	_, err = s.Locate(target)
	return target, err == nil
}

// against returns the URL of a reference without a scheme, with its dots.
func against(base Place, reference string) string {
	origin := base.Scheme + "://" + base.Host
	path, _, _ := strings.Cut(base.Path, "#")
	only, _, _ := strings.Cut(path, "?")
	switch {
	case strings.HasPrefix(reference, "//"):
		return base.Scheme + "://" + strings.TrimLeft(reference, "/")
	case strings.HasPrefix(reference, "/"):
		return origin + reference
	case reference == "":
		return origin + path
	case reference[0] == '?':
		return origin + only + reference
	}
	return origin + only[:strings.LastIndexByte(only, '/')+1] + reference
}

// clean takes off what browsers ignore in a reference, and its fragment.
func clean(reference string) string {
	reference = strings.TrimFunc(reference, func(r rune) bool { return r <= ' ' })
	reference = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(reference)
	reference, _, _ = strings.Cut(reference, "#")
	path, query, hasQuery := strings.Cut(reference, "?")
	if scheme, _ := splitScheme(path); scheme == "" || usualPort(scheme) != "" {
		path = strings.ReplaceAll(path, `\`, "/")
	}
	if hasQuery {
		path += "?" + query
	}
	return path
}

// splitScheme splits off a scheme, in lower case; empty where the reference has none.
func splitScheme(reference string) (scheme, rest string) {
	for i := range len(reference) {
		switch c := reference[i] | 0x20; {
		case c >= 'a' && c <= 'z':
		case i > 0 && reference[i] == ':':
			return strings.ToLower(reference[:i]), reference[i+1:]
		case i > 0 && strings.IndexByte("0123456789+-.", reference[i]) >= 0:
		default:
			return "", reference
		}
	}
	return "", reference
}

// withoutDots takes the segments . and .. out of a path (RFC 3986, 5.2.4). A query stays as
// it is.
func withoutDots(path string) string {
	path, query, hasQuery := strings.Cut(path, "?")
	if strings.Contains(path, "/.") || strings.Contains(path, "/%2") {
		var out []string
		segments := strings.Split(path[1:], "/")
		for i, segment := range segments {
			last := i == len(segments)-1
			switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
			case ".":
			case "..":
				out = out[:max(0, len(out)-1)]
			default:
				out, last = append(out, segment), false
			}
			if last { // the path ends with a slash
				out = append(out, "")
			}
		}
		path = "/" + strings.Join(out, "/")
	}
	if hasQuery {
		path += "?" + query
	}
	return path
}

// Escape makes a path with filled-in values fit for a request line: it encodes bytes as
// browsers do (WHATWG URL, 1.3), and leaves out a fragment.
func Escape(path string) string {
	query := false
	plain := true
	for i := 0; i < len(path) && plain; i++ {
		plain = path[i] != '#' && !isEncoded(path[i], query)
		query = query || path[i] == '?'
	}
	if plain {
		return path
	}
	path, _, _ = strings.Cut(path, "#")
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	query = false
	for i := range len(path) {
		c := path[i]
		if isEncoded(c, query) {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
		query = query || c == '?'
	}
	return b.String()
}

// isEncoded reports whether browsers send a byte of a path or a query as %XX.
func isEncoded(c byte, query bool) bool {
	switch c {
	case '"', '<', '>':
		return true
	case '^', '`', '{', '|', '}':
		return !query
	case '\'':
		return query
	}
	return c <= ' ' || c >= 0x7f
}
