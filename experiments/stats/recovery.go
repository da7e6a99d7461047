package stats

// Recovered finds when harm was back at the control's level: the index of the
// first window of an unbroken run of `enough` good windows. A window is good
// when the lower end of its score interval is within margin of the control's
// share, so that one unlucky journey in a small window is no relapse. Windows
// without trials say nothing and neither count nor break a run. It returns -1
// when there was no such run.
//
// Note: this simple rule answers late on purpose: a run that is not long enough
// is not a recovery.
func Recovered(windows []Count, control, margin float64, enough int) int {
	start, run := -1, 0
	for i, w := range windows {
		switch {
		case w.N == 0:
		case Wilson(w).Low <= control+margin:
			if run == 0 {
				start = i
			}
			if run++; run >= enough {
				return start
			}
		default:
			run = 0
		}
	}
	return -1
}
