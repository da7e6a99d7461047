//go:build !linux && !darwin

package metrics

// ofProcess are the metrics of the process: nothing is known of it here.
func ofProcess() []family { return nil }
