package report

import (
	"bytes"
	"fmt"
	"html/template"
	"io"

	"github.com/blastgauge/blastgauge/experiments/history"
)

// writeIndexHTML writes a page of all runs. Nobody reads an index back, so the
// page embeds none.
func writeIndexHTML(w io.Writer, x *history.Index) error {
	var body, b bytes.Buffer
	if err := writeIndexText(&body, x, Options{Width: 100}, 0); err != nil {
		return err
	}
	t, err := template.New("index").Parse(indexPage)
	if err != nil {
		return fmt.Errorf("page template: %w", err)
	}
	title := plural(len(x.Runs), "run", "runs") + ", " + plural(len(x.Trends), "experiment", "experiments")
	if err := t.Execute(&b, map[string]any{"Title": title, "Text": body.String()}); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err = w.Write(harmless(b.Bytes()))
	return err
}

const indexPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
</head>
<body>
<h1>{{.Title}}</h1>
<pre>{{.Text}}</pre>
</body>
</html>
`
