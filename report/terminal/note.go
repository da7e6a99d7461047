package terminal

import (
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Notes lists what people wrote while a run went on; nothing where they wrote nothing.
func (p *Printer) Notes(list []result.Note) {
	if len(list) == 0 {
		return
	}
	p.Heading("Notes (UTC)")
	for i := range list {
		p.Wrap("  ", inert.Text(words.Note(&list[i])))
	}
}
