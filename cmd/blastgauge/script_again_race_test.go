//go:build race

package main

// scriptsAgain reports whether a script that fails is tried once more.
const scriptsAgain = true
