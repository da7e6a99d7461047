package results

import "github.com/blastgauge/blastgauge/report/template"

// BodyOld goes when the page's own template is compiled.
func (e *experiment) BodyOld() template.HTML { return template.Of(e.streambody) }
