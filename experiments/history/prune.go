package history

import "github.com/blastgauge/blastgauge/experiments/result"

// Prunable are the runs that are left when the newest are kept, oldest first.
// The newest run whose hypotheses all held stays in any case: it is what the next
// one is compared with. So does what is no run that ended.
func Prunable(entries []Entry, keep int) []Entry {
	index := New(entries)
	stay := map[string]bool{}
	good := false
	for i, r := range index.Runs {
		if i < keep || !good && r.ExitCode == result.ExitHeld {
			stay[r.ID] = true
		}
		good = good || r.ExitCode == result.ExitHeld
	}
	var list []Entry
	for i := len(index.Runs) - 1; i >= 0; i-- {
		r := index.Runs[i]
		if stay[r.ID] || r.Ended.IsZero() {
			continue
		}
		for _, e := range entries {
			if e.Run != nil && e.Run.ID == r.ID {
				list = append(list, e)
				break
			}
		}
	}
	return list
}
