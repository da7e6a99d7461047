package metrics

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ofProcess are the metrics of the process. What cannot be read is left out; the memory of a
// process cannot be read here without C.
func ofProcess() (families []family) {
	if list, err := unix.SysctlKinfoProcSlice("kern.proc.pid", os.Getpid()); err == nil && len(list) == 1 {
		families = append(families, started(float64(list[0].Proc.P_starttime.Nano()/1e9)))
	}
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err == nil {
		families = append(families, cpu(time.Duration(used.Stime.Nano()+used.Utime.Nano()).Seconds()))
	}
	if dir, err := os.Open("/dev/fd"); err == nil {
		if names, err := dir.Readdirnames(0); err == nil {
			families = append(families, openFiles(float64(len(names)-1))) // but for the one that is read here
		}
		_ = dir.Close() // it was only read
	}
	var most unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &most); err == nil {
		families = append(families, mostFiles(float64(most.Cur)))
	}
	if err := unix.Getrlimit(unix.RLIMIT_AS, &most); err == nil {
		families = append(families, mostVirtual(float64(most.Cur)))
	}
	return families
}
