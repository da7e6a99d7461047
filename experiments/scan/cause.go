package scan

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// sayCause says why journeys were harmed: "pay: 502 Bad Gateway: payment failed".
func sayCause(c journal.SeenCause) string {
	var said []string
	for _, part := range []string{line(c.Step), sayClass(c), sayExample(c)} {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, ": ")
}

// sayExample says what came back, beyond what the class and the key say.
func sayExample(c journal.SeenCause) string {
	x := c.Example
	switch {
	case x == nil:
		return ""
	case c.Class == journal.TooSlow.String() && x.Found != "":
		return "took " + line(x.Found)
	case c.Class == journal.Unmet.String() && x.Expected != "" && x.Found != "":
		return "found " + line(x.Found) + ", expected " + line(x.Expected)
	case x.Body != "":
		return line(x.Body)
	case c.Class == journal.Status.String(): // the code says it
		return ""
	}
	return line(x.Detail)
}

// sayClass says what the class and the key of a cause mean.
func sayClass(c journal.SeenCause) string {
	words := map[string]string{
		"timeout": "timed out at", "refused": "refused by", "reset": "reset by", "closed": "closed before the answer by", "tls": "no TLS with", "dns": "no address for",
		"not_allowed": "host not allowed:", "too_large": "answer too large", "shed": "never sent:", "error": "broken connection at",
		"slow": "slower than", "check": "not as expected:", "redirects": "redirected too often:",
	}[c.Class]
	code, err := strconv.Atoi(c.Key)
	switch {
	case c.Class == "status" && err == nil:
		return strings.TrimSpace(c.Key + " " + http.StatusText(code))
	case words == "" || c.Key == "":
		return strings.TrimSpace(strings.ReplaceAll(line(c.Class), "_", " ") + " " + line(c.Key))
	}
	return words + " " + line(c.Key)
}

// line is text on one line, of which a journal from elsewhere may have any length.
func line(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= journal.MaxExcerpt {
		return text
	}
	return strings.ToValidUTF8(text[:journal.MaxExcerpt], "")
}
