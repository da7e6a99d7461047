package supervise

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// holdsEnded: the end of a child can be seen before its number is given away.
const holdsEnded = true

// dieWithParent has a process killed when the thread that started it ends, and so when
// its parent is killed. What it started itself does not notice.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// adopt makes this process the parent of those below it whose parent has ended, also where
// they have left its group: nobody gets lost.
func adopt() {
	const subreaper = 36                                             // PR_SET_CHILD_SUBREAPER
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, subreaper, 1, 0) // without it the group is ended, as elsewhere
}

// awaitEnd blocks until a child has ended, and leaves it to be waited for. Meanwhile it
// waits for those that were adopted.
func awaitEnd(pid int) {
	const anyone = 0 // P_ALL
	for {
		var info struct { // siginfo_t
			_     [3]int32
			child struct {
				_   [0]uintptr
				pid int32
			}
			_ [112]byte
		}
		_, _, err := syscall.Syscall6(syscall.SYS_WAITID, anyone, 0, uintptr(unsafe.Pointer(&info)), syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		switch {
		case err == syscall.EINTR:
		case err != 0, int(info.child.pid) == pid:
			return
		default:
			_, _ = syscall.Wait4(int(info.child.pid), nil, syscall.WNOHANG, nil)
		}
	}
}

// A relative is a process as the kernel lists it.
type relative struct {
	pid, parent, group int
	begun              string // when it did
}

// find looks a process up.
func find(pid int) (relative, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // its name is in parentheses, and may hold some
	if err != nil || len(fields) < 20 {
		return relative{}, false
	}
	r := relative{pid: pid, begun: fields[19]}
	r.parent, _ = strconv.Atoi(fields[1]) // the kernel writes numbers
	r.group, _ = strconv.Atoi(fields[2])
	return r, true
}

// relatives are all processes, by number.
func relatives() map[int]relative {
	list := map[int]relative{}
	paths, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, path := range paths {
		if pid, err := strconv.Atoi(filepath.Base(path)); err == nil {
			if r, ok := find(pid); ok {
				list[pid] = r
			}
		}
	}
	return list
}

// below reports whether a process is below this one.
func (r relative) below(list map[int]relative) bool {
	for range len(list) { // numbers may have changed hands meanwhile
		if r.parent == os.Getpid() {
			return true
		}
		var ok bool
		if r, ok = list[r.parent]; !ok {
			return false
		}
	}
	return false
}

// signalStrays asks those to end that have left the group, such as timeout(1) in a script.
// It is for the first of each group to hand it on, as timeout does: a second signal means
// at once to some programs. The command has got it.
func signalStrays(command int) {
	list := relatives()
	for _, r := range list {
		if r.group == syscall.Getpgrp() || r.group == command || list[r.parent].group == r.group || !r.below(list) {
			continue
		}
		r.signal(syscall.SIGTERM)
	}
}

// signal sends a signal to a process that is still the one that was found.
func (r relative) signal(s syscall.Signal) {
	p, err := os.FindProcess(r.pid) // which holds the process, not its number
	if err != nil {
		return
	}
	if now, ok := find(r.pid); ok && now.begun == r.begun {
		_ = p.Signal(s) // fails where it has ended
	}
	_ = p.Release()
}

// killChildren kills all that are below this process, one generation after the other:
// whoever loses its parent becomes a child of this process.
func killChildren(ended <-chan struct{}) {
	for end := time.Now().Add(killTime); time.Now().Before(end); time.Sleep(lookEvery) {
		select {
		case <-ended: // the command was waited for
			if !hasChildren() {
				return
			}
		default:
		}
		for _, r := range relatives() {
			if r.parent == os.Getpid() {
				r.signal(syscall.SIGKILL)
			}
		}
	}
}
