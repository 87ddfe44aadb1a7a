package pipeline

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
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

// findings collects problems, of which no more are kept than can be told: files may have
// millions.
type findings struct {
	all     Problems
	more    int
	guesses int
}

// The most problems that are kept to be sorted, and the most names that are guessed at:
// each guess looks at every name there is.
const (
	mostKept    = 5000
	mostGuessed = 200
)

func (f *findings) add(p Problem) {
	if len(f.all) == mostKept {
		f.more++
		return
	}
	f.all = append(f.all, p)
}

func (f *findings) found(at Position, fix, format string, args ...any) {
	f.add(Problem{At: at, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// nearest is the name that was probably meant; empty when none is near, or when enough
// was guessed.
func (f *findings) nearest(name string, names iter.Seq[string]) string {
	if f.guesses++; f.guesses > mostGuessed {
		return ""
	}
	return nearest(name, slices.Sorted(names))
}

// told are the first of them by place, and how many more there are.
func (f *findings) told(most int) Problems {
	problems := f.all
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	more := f.more
	if beyond := len(problems) - most; beyond > 0 {
		problems, more = problems[:most:most], more+beyond
	}
	if more > 0 {
		problems = append(problems, Problem{Message: fmt.Sprintf("There are %d more.", more)})
	}
	return problems
}
