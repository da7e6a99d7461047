//go:build !race

package main

// oneIn is how many cases of the crash matrix there are to each that go test takes.
const oneIn = 4
