package site

import "strings"

// Resolve returns the target that a reference means in an answer to another target, such
// as that of a Location header: an absolute URL, without its fragment. It reads
// references as browsers do (WHATWG URL, 4.4), which takes more than RFC 3986: blanks
// around, backslashes for slashes, and any character, which [Escape] then encodes. It
// reports false for one that no HTTP request can be sent for, such as mailto:.
func (s *Site) Resolve(from, reference string) (target string, ok bool) {
	reference = clean(reference)
	base, err := s.Locate(from)
	if err != nil {
		return "", false
	}
	origin := base.Scheme + "://" + base.Host
	path, _, _ := strings.Cut(base.Path, "#")
	pathOnly, _, _ := strings.Cut(path, "?")
	scheme, rest := splitScheme(reference)
	switch {
	case scheme != "" && usualPort(scheme) == "":
		return "", false
	case scheme != "" && !strings.HasPrefix(rest, "//"):
		return "", false
	case scheme != "":
		target = scheme + "://" + strings.TrimLeft(rest, "/")
	case strings.HasPrefix(reference, "//"):
		target = base.Scheme + "://" + strings.TrimLeft(reference, "/")
	case strings.HasPrefix(reference, "/"):
		target = origin + reference
	case reference == "":
		target = origin + path
	case reference[0] == '?':
		target = origin + pathOnly + reference
	default:
		target = origin + pathOnly[:strings.LastIndexByte(pathOnly, '/')+1] + reference
	}
	head, path, err := splitOrigin(target)
	if err != nil {
		return "", false
	}
	target = head + withoutDots(path)
	_, err = s.Locate(target)
	return target, err == nil
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

// Escape makes a path with filled-in values fit for a request line: it encodes
// forbidden bytes as %XX and leaves out a fragment.
func Escape(path string) string {
	plain := true
	for i := 0; i < len(path) && plain; i++ {
		plain = path[i] > ' ' && path[i] < 0x7f && path[i] != '#'
	}
	if plain {
		return path
	}
	path, _, _ = strings.Cut(path, "#")
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		if ch := path[i]; ch > ' ' && ch < 0x7f {
			b.WriteByte(ch)
		} else {
			b.Write([]byte{'%', hex[ch>>4], hex[ch&15]})
		}
	}
	return b.String()
}
