package pipeline

import (
	"fmt"
	"strings"
)

// Position is a place in a file. The zero Position is none.
type Position struct {
	File   string `json:"file"`             // as the reader of the folder names it, with slashes
	Line   int    `json:"line,omitempty"`   // from 1
	Column int    `json:"column,omitempty"` // from 1, in characters
}

// String is the form that editors jump to.
func (p Position) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one thing that is wrong with the files, or with the files and what exists
// together, and what would mend it.
type Problem struct {
	At      Position `json:"at"`
	Message string   `json:"message"`
	Fix     string   `json:"fix,omitempty"`
}

func (p Problem) String() string {
	text := p.Message
	if at := p.At.String(); at != "" {
		text = at + ": " + text
	}
	if p.Fix != "" {
		text += "\n    " + p.Fix
	}
	return text
}

// Problems are everything that is wrong, in the order of files and lines. They are the
// error of [Read] and [NewPlan].
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}
