package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// A benchmark that moved or was renamed would measure nothing: every program
// finds its functions in its room.
func TestBenchmarksAreInTheirRooms(t *testing.T) {
	t.Parallel()
	function := regexp.MustCompile(`(?m)^func ((?:Benchmark|Test)\w+)\(`)
	for _, b := range slices.Concat(benchmarks(), truthBenchmarks(1), []benchmark{crashRandom(1, 1)}) {
		files, err := filepath.Glob(filepath.Join("../..", b.room, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range function.FindAllStringSubmatch(string(text), -1) {
				names = append(names, m[1])
			}
		}
		for i, arg := range b.args {
			if arg != "-run" && arg != "-bench" || b.args[i+1] == "^$" {
				continue
			}
			pattern := regexp.MustCompile(b.args[i+1])
			if !slices.ContainsFunc(names, pattern.MatchString) {
				t.Errorf("%s: nothing in %s matches %s %s", b.name, b.room, arg, b.args[i+1])
			}
		}
	}
}
