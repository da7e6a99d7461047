package history

import (
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// mostLooked is how many of the newest runs are looked at for one to go by. Reading a
// result takes some milliseconds, and a plan is made at once.
const mostLooked = 50

// mostRecalled is how many of them are looked at for since when an experiment has had its
// verdict.
const mostRecalled = 20

// Foretell gives each experiment of p what its newest comparable run in a directory of runs
// measured: one of the same system with the same journeys and load. It also says what the
// runs before found, and since when. Directories are taken
// as new as their names say, as those of runs begin with their time. What cannot be
// read is passed over: it is not needed.
func Foretell(runs *os.Root, p *plan.Plan) {
	list, err := fs.ReadDir(runs.FS(), ".")
	if err != nil {
		return
	}
	open := make([]bool, len(p.Experiments)) // older runs can say more
	for i := range open {
		open[i] = true
	}
	looked := 0
	for _, d := range slices.Backward(list) { // ReadDir sorts by name
		if !d.IsDir() || d.Name()[0] == '.' {
			continue
		}
		looked++
		recalls := looked <= mostRecalled && slices.Contains(open, true)
		if looked > mostLooked || !recalls && !missing(p) {
			return
		}
		text, err := result.ReadFile(runs, path.Join(d.Name(), result.File))
		if err != nil {
			continue
		}
		r, err := result.Decode(text)
		if err != nil || r.System.Name != p.System.Name || r.System.Environment != p.System.Environment {
			continue
		}
		foretell(r, p)
		if recalls {
			recall(r, p, open)
		}
	}
}

// missing reports whether an experiment has no run to go by yet.
func missing(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Experiments, func(e plan.Experiment) bool { return e.LastRun == "" })
}

// foretell gives the experiments that have none yet what a result says of them.
func foretell(r *result.Result, p *plan.Plan) {
	for i := range p.Experiments {
		x := &p.Experiments[i]
		if x.LastRun != "" {
			continue
		}
		for k := range r.Experiments {
			if r.Experiments[k].Foretell(x) {
				x.LastRun = r.Run.ID
			}
		}
	}
}

// recall adds what a result says to what newer ones said of the experiments that are open.
func recall(r *result.Result, p *plan.Plan, open []bool) {
	for i := range p.Experiments {
		for k := range r.Experiments {
			if open[i] && !r.Experiments[k].Recall(&r.Run, &p.Experiments[i]) {
				open[i] = false
			}
		}
	}
}
