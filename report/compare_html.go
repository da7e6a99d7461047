package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// writeCompareHTML writes a page that needs nothing, with the comparison embedded.
func writeCompareHTML(w io.Writer, c *compare.Comparison) error {
	text, err := encode(c)
	if err != nil {
		return err
	}
	var body, b bytes.Buffer
	if err := writeCompareText(&body, c, Options{Width: 100}); err != nil {
		return err
	}
	t, err := template.New("compare").Parse(comparePage)
	if err != nil {
		return fmt.Errorf("page template: %w", err)
	}
	if err := t.Execute(&b, map[string]any{"Title": compareHeadline(c), "Text": body.String(), "JSON": template.JS(text)}); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err = w.Write(harmless(b.Bytes()))
	return err
}

const comparePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
</head>
<body>
<h1>{{.Title}}</h1>
<pre>{{.Text}}</pre>
<script type="application/json" id="blastgauge-compare">{{.JSON}}</script>
</body>
</html>
`
