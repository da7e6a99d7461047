package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A disk that is full for everybody: the fault of a killed run goes all the same,
// and once there is room the record of that is completed.
func TestAFullDiskKeepsNoFault(t *testing.T) {
	if testing.Short() {
		t.Skip("mounts a file system")
	}
	t.Parallel() // mostly waiting
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %s", out)
	}
	defer exec.Command("umount", "-l", disk).Run()
	shop := echo()
	defer shop.Close()
	for _, server := range []string{"stock", "ours"} {
		t.Run(server, func(t *testing.T) {
			v := victim{server: server, fault: crashFault{faults: "{inject: latency, into: shop, latency: 20ms}"}}
			c, err := newCrashCase(t.TempDir(), v, shop.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			c.out = filepath.Join(disk, server)
			filler := filepath.Join(disk, "filler")
			var death time.Time
			c.run(func() {
				waitInside(t, filepath.Join(c.out, journal.EventsFile), "fault_injected")
				fill(t, filler)
				death = time.Now()
				c.process.Kill()
			})
			if took, err := c.untilClean(death); err != nil || took > 8*time.Second {
				t.Errorf("clean after %s, %v", took, err)
			}
			if code, out := c.command("recover", c.out); code == 0 || !strings.Contains(out, "no space left on device") {
				t.Errorf("recover on a full disk: exit code %d: %s", code, out)
			}
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			if code, out := c.command("recover"); code != 0 {
				t.Errorf("recover with room: exit code %d: %s", code, out)
			}
			if err := c.unlisted(); err != nil {
				t.Error(err)
			}
			if err := c.readable(); err != nil {
				t.Error(err)
			}
			if err := c.explained(); err != nil {
				t.Error(err)
			}
		})
	}
}

// waitInside waits until a file holds a text.
func waitInside(t *testing.T, file, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got, err := os.ReadFile(file); err == nil && strings.Contains(string(got), text) {
			return
		}
	}
	t.Errorf("%q did not come in %s", text, file)
}

// fill writes into a file for as long as there is room.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for chunk := make([]byte, 512); err == nil; {
		_, err = f.Write(chunk)
	}
}
