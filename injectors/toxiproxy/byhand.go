package toxiproxy

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// ManualRemoval is the command that removes f without blastgauge. Where the server
// does not tell its kind, it is one for each.
func (d *Driver) ManualRemoval(ctx context.Context, f plan.Fault) string {
	remove := d.api.curl("DELETE", toxicPath(f.Proxy, f.Name), nil)
	if f.Inject != "down" {
		return remove
	}
	enable := d.api.curl("POST", proxyPath(f.Proxy), map[string]bool{"enabled": true})
	switch ours, err := d.ours(ctx); {
	case err != nil:
		return enable + "   # on a stock Toxiproxy; on a blastgauge proxy: " + remove
	case ours:
		return remove
	default:
		return enable
	}
}

// curl is a call as a person makes it in a shell. A token is never shown.
func (c *client) curl(method, path string, body any) string {
	line := "curl -X " + method
	if c.token != "" {
		line += ` -H "Authorization: Bearer $TOKEN"`
	}
	line += " " + quoted(c.shown+path)
	if body == nil {
		return line
	}
	data, err := json.Marshal(body)
	if err != nil {
		return line
	}
	return line + " -d " + quoted(string(data))
}

// quoted is text as one word of a POSIX shell.
func quoted(text string) string {
	plain := strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._-%") == ""
	if plain && text != "" && !strings.ContainsAny(text, " '\"") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
