package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The tests that documents tell people to run are there.
func TestGoTestsOfDocuments(t *testing.T) {
	t.Parallel()
	all := pages(t)
	count := 0
	for _, file := range slices.Sorted(maps.Keys(all)) {
		if file == "CHANGELOG.md" { // what was there once
			continue
		}
		for _, line := range all[file].code {
			_, call, ok := strings.Cut(line, "go test ")
			if !ok || !strings.Contains(call, "./") { // it is not said of what
				continue
			}
			count++
			if err := checkGoTest(t, shellWords(call)); err != nil {
				t.Errorf("%s: %s: %v", file, line, err)
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d calls of go test were found: the search is broken", count)
	}
}

func TestWrongGoTestsOfDocuments(t *testing.T) {
	t.Parallel()
	for line, wrong := range map[string]bool{
		"./report/...": false, "./cmd/blastgauge -run TestGoTestsOfDocuments -v": false, "./cmd/blastgauge -run 'TestExamples/kinds'": false,
		"./nowhere": true, "./report/... -run NoSuchTest": true, "./README.md": true,
	} {
		if err := checkGoTest(t, shellWords(line)); (err != nil) != wrong {
			t.Errorf("%s: %v, want it to be wrong: %t", line, err, wrong)
		}
	}
}

// checkGoTest wants the packages of a call of go test to be there, and one of them to
// have what it runs.
func checkGoTest(t *testing.T, words []string) error {
	t.Helper()
	var pattern string
	names := map[string]bool{}
	for i, word := range words {
		switch {
		case (word == "-run" || word == "-bench") && i+1 < len(words):
			pattern = words[i+1]
		case strings.HasPrefix(word, "./"):
			folder, below := strings.CutSuffix(word, "/...")
			found, err := testsBelow(t, filepath.Join("../..", folder), below)
			if err != nil {
				return err
			}
			maps.Copy(names, found)
		}
	}
	first, _, _ := strings.Cut(pattern, "/")
	matches, err := regexp.Compile(first)
	if err != nil {
		return err
	}
	for name := range names {
		if matches.MatchString(name) {
			return nil
		}
	}
	return fmt.Errorf("no test there is called %q", first)
}

// testsBelow lists what go test runs in a folder, and in those below it.
func testsBelow(t *testing.T, folder string, below bool) (map[string]bool, error) {
	t.Helper()
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is no package", folder)
	}
	if !below {
		return testsOf(t, folder), nil
	}
	names := map[string]bool{}
	return names, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			maps.Copy(names, testsOf(t, path))
		}
		return err
	})
}
