package chaostoolkit

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// apiCall reads a request to the API of a Toxiproxy.
func (r *reader) apiCall(a activity) *call {
	address, ok := a.provider.Lookup("url")
	if !ok || !address.IsScalar() {
		return nil
	}
	t, why := r.locate(address.Text())
	path, known := shown(t.path)
	if why != "" || !known {
		return nil
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	at := slices.IndexFunc(segments, func(s string) bool {
		return slices.Contains([]string{"proxies", "populate", "reset", "version"}, s)
	})
	if at < 0 || !r.isAPI(t.origin, segments[at:]) {
		return nil
	}
	method := strings.ToUpper(cmp.Or(textOf(a.provider, "method"), "GET"))
	c := &call{says: method + " /" + strings.Join(segments[at:], "/"), at: address, arguments: map[string]shape.Node{}, api: t.origin}
	if at > 0 {
		c.api = append(slices.Clone(t.origin), piece{text: "/" + strings.Join(segments[:at], "/")})
	}
	body, ok := a.provider.Lookup("arguments")
	if ok && body.Kind() == shape.Sequence {
		c.proxies = body.Items()
	} else if ok {
		c.at, c.arguments = body, fieldsOf(body)
	}
	for i, s := range segments {
		segments[i], _ = url.PathUnescape(s)
	}
	c.tell(method, segments[at:], address)
	return c
}

// isAPI reports whether requests to an origin, for such a path, are for a Toxiproxy: a
// system may have proxies of its own.
func (r *reader) isAPI(origin []piece, segments []string) bool {
	if len(segments) > 2 && segments[0] == "proxies" && segments[2] == "toxics" {
		return true
	}
	if n := len(origin); n > 0 && n <= len(r.api) && slices.Equal(origin[:n-1], r.api[:n-1]) &&
		origin[n-1].env == r.api[n-1].env && strings.HasPrefix(r.api[n-1].text, origin[n-1].text) {
		return true
	}
	for _, p := range origin {
		if text := strings.ToLower(p.name + " " + p.env + " " + p.text); strings.Contains(text, "toxi") || strings.HasSuffix(text, ":8474") {
			return true
		}
	}
	return false
}

// tell says what a request is in the words of the driver.
func (c *call) tell(method string, path []string, address shape.Node) {
	name := func(key string, i int) { c.arguments[key] = address.WithText(path[i]) }
	rename := func(from, to string) {
		if v, ok := c.arguments[from]; ok {
			c.arguments[to] = v
		}
	}
	toxics := len(path) > 2 && path[2] == "toxics"
	switch changes := method == "POST" || method == "PATCH"; {
	case method == "GET":
		if c.do = "proxy_exist"; path[0] == "proxies" && len(path) > 1 {
			name("proxy_name", 1)
		}
	case path[0] != "proxies":
		c.do = path[0]
	case method == "POST" && len(path) == 1:
		rename("name", "proxy_name")
		c.do = "create_proxy"
	case changes && len(path) == 2:
		rename("upstream", "upstream_address")
		rename("listen", "listen_address")
		name("proxy_name", 1)
		c.do = "modify_proxy"
	case method == "DELETE" && len(path) == 2:
		name("proxy_name", 1)
		c.do = "delete_proxy"
	case method == "POST" && toxics && len(path) == 3:
		c.attributes = fieldsOfGiven(c.arguments, "attributes")
		rename("name", "toxic_name")
		rename("type", "toxic_type")
		name("for_proxy", 1)
		c.do = "create_toxic"
	case changes && toxics && len(path) == 4:
		c.do = "update_toxic"
	case method == "DELETE" && toxics && len(path) == 4:
		name("for_proxy", 1)
		name("toxic_name", 3)
		c.do = "delete_toxic"
	}
}

// fieldsOfGiven returns the fields of one of several values; none if it is not given.
func fieldsOfGiven(values map[string]shape.Node, name string) map[string]shape.Node {
	if v, ok := values[name]; ok {
		return fieldsOf(v)
	}
	return nil
}
