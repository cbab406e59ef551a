package main

import (
	"os"
	"strconv"

	"golang.org/x/term"
)

// onTerminal says that what is a terminal.
func onTerminal(what any) bool {
	file, is := what.(*os.File)
	return is && term.IsTerminal(int(file.Fd()))
}

// plainWidth is that of what is no terminal.
const plainWidth = 80

// widthOf is how many characters fit into a line.
func widthOf(out any) int {
	file, is := out.(*os.File)
	if !is {
		return plainWidth
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns >= plainWidth/2 {
		return columns
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns == 0 {
		return plainWidth
	}
	return columns
}
