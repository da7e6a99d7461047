package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeGitHub writes workflow commands, which GitHub Actions shows beside the
// experiment's line in the pull request: an error for what is refuted or may
// still be in force, a warning for what is no answer, and one notice with the
// headline. The summary page of a job is the Markdown report, written to the file
// that GITHUB_STEP_SUMMARY names.
func writeGitHub(w io.Writer, r *result.Result) error {
	s := summarize(r)
	var b bytes.Buffer
	for _, e := range s.order {
		switch e.Verdict {
		case result.Held:
		case result.Refuted:
			annotate(&b, "error", e, strings.Join(e.Reasons, "; "))
		default:
			annotate(&b, "warning", e, first(e.Reasons))
		}
	}
	for _, f := range s.stuck {
		annotate(&b, "error", f.of, "fault not proven gone: "+f.fault.Name+" ("+f.fault.Inject+" into "+f.fault.Into+")")
	}
	fmt.Fprintf(&b, "::notice title=blastgauge::%s\n", workflowText(s.headline()))
	_, err := w.Write(b.Bytes())
	return err
}

func annotate(b *bytes.Buffer, level string, e *result.Experiment, text string) {
	command(b, level, e, e.ID+" "+word(e.Verdict), text)
}

// command writes one workflow command at the experiment's line.
func command(b *bytes.Buffer, level string, e *result.Experiment, title, text string) {
	var properties []string
	if e.File != "" {
		properties = append(properties, "file="+workflowProperty(e.File))
		if e.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", e.Line))
		}
	}
	properties = append(properties, "title="+workflowProperty(title))
	fmt.Fprintf(b, "::%s %s::%s\n", level, strings.Join(properties, ","), workflowText(text))
}

// workflowText is text that cannot end its command or begin another.
func workflowText(text string) string { return strings.ReplaceAll(plain(text), "%", "%25") }

func workflowProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(workflowText(text))
}
