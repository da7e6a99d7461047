package main

import "embed"

// helpTexts are what --help says of a command beyond its flags, a file each: prose is
// read and reviewed as prose.
//
//go:embed help/*.txt
var helpTexts embed.FS

// help is the text of the command of that name.
func help(command string) string {
	text, err := helpTexts.ReadFile("help/" + command + ".txt")
	if err != nil {
		panic(err) // it is a part of the binary, and every start of the program reads it
	}
	return string(text)
}
