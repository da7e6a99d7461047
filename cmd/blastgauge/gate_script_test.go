package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// isThere reports whether a program can be used by a script.
func isThere(program string) (bool, error) {
	_, err := exec.LookPath(program)
	if err == nil && program == "unshare" { // it is there, and may not be allowed
		err = exec.Command(program, "-rn", "true").Run()
	}
	return required.Condition(err)
}

// lately ID MINUTES VERDICT [worse] writes a run that ended so many minutes ago, as if it had
// been performed.
func lately(ts *testscript.TestScript, _ bool, args []string) {
	r, err := result.Load(filepath.Join(ts.Getenv("FIXTURES"), "held.json"))
	ts.Check(err)
	minutes, err := strconv.Atoi(args[1])
	ts.Check(err)
	r.Run.ID, r.Run.Commit = args[0], strings.Repeat("ab", 20)
	r.Run.Ended = time.Now().Add(-time.Duration(minutes) * time.Minute)
	r.Run.Started = r.Run.Ended.Add(-5 * time.Minute)
	e := &r.Experiments[0]
	e.Verdict, r.Run.ExitCode = result.Verdict(args[2]), map[string]int{"held": 0, "refuted": 3}[args[2]]
	if len(args) > 3 {
		worse(r)
	}
	dir := ts.MkAbs(filepath.Join(".blastgauge", "runs", args[0]))
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(output.WriteRunFiles(dir, r))
	system := ts.MkAbs("system.yaml")
	ts.Check(os.WriteFile(system, []byte(r.Documents[0].Text), 0o600))
}

// forge FILE LINE OLD NEW replaces a text of a statement and leaves its signatures.
func forge(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	lines := bytes.SplitAfter([]byte(ts.ReadFile(args[0])), []byte("\n"))
	number, err := strconv.Atoi(args[1])
	ts.Check(err)
	var envelope map[string]any
	ts.Check(json.Unmarshal(lines[number-1], &envelope))
	text, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[2])) {
		ts.Fatalf("%s is not in %s", args[2], text)
	}
	envelope["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(text, []byte(args[2]), []byte(args[3]), 1))
	lines[number-1], err = json.Marshal(envelope)
	ts.Check(err)
	lines[number-1] = append(lines[number-1], '\n')
	ts.Check(os.WriteFile(file, bytes.Join(lines, nil), 0o600))
}

// digest FILE NAME puts the SHA-256 of a file into a variable.
func digest(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[1], sha256Of(ts.ReadFile(args[0])))
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
