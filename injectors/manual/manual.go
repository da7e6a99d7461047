// Package manual writes the shell commands with which a person removes a fault
// when blastgauge cannot.
package manual

import (
	"encoding/json"

	"al.essio.dev/pkg/shellescape"
)

// Quote returns text as one word of a POSIX shell.
func Quote(text string) string { return shellescape.Quote(text) }

// Curl returns the command that makes one HTTP request. A body is sent as JSON;
// nil means that there is none. With authorize, the command sends the bearer token
// that the shell has in $TOKEN: a command never contains a token itself.
func Curl(method, url string, body any, authorize bool) string {
	line := "curl -X " + method
	if authorize {
		line += ` -H "Authorization: Bearer $TOKEN"`
	}
	line += " " + Quote(url)
	if body == nil {
		return line
	}
	data, err := json.Marshal(body)
	if err != nil {
		return line
	}
	return line + " -d " + Quote(string(data))
}
