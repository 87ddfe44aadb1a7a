package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// outputVersion is raised when a member of the JSON output changes its meaning.
const outputVersion = 1

// table is the columns of a listing, or the lines of one item.
type table[Item any] []column[Item]

type column[Item any] struct {
	head string
	cell func(Item) string
}

// printer writes what a verb found.
type printer struct {
	to   io.Writer
	json bool
	bold bool
}

func newPrinter(cmd *cobra.Command, format string) (printer, error) {
	if format != "table" && format != "json" {
		return printer{}, fmt.Errorf("%w: --output takes table or json, not %q", errUsage, format)
	}
	_, plain := os.LookupEnv("NO_COLOR")
	return printer{to: cmd.OutOrStdout(), json: format == "json", bold: !plain && isTerminal(cmd.OutOrStdout())}, nil
}

func isTerminal(to io.Writer) bool {
	file, ok := to.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// document writes the form that programs read.
func (p printer) document(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = p.to.Write(append(text, '\n'))
	return err
}

// lines writes rows of cells in columns, the first row as their heads.
func (p printer) lines(rows [][]string) error {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush() // into memory: cannot fail
	head, rest, _ := strings.Cut(text.String(), "\n")
	if p.bold {
		head = "\x1b[1m" + head + "\x1b[0m"
	}
	_, err := io.WriteString(p.to, head+"\n"+rest)
	return err
}

// printable keeps out what would steer the terminal: names of clients and browsers
// are chosen by strangers.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

func (t table[Item]) list(p printer, items []Item) error {
	if p.json {
		return p.document(struct {
			Version int    `json:"version"`
			Items   []Item `json:"items"`
		}{outputVersion, append([]Item{}, items...)})
	}
	rows := [][]string{nil}
	for _, c := range t {
		rows[0] = append(rows[0], strings.ToUpper(c.head))
	}
	for _, item := range items {
		var row []string
		for _, c := range t {
			row = append(row, c.cell(item))
		}
		rows = append(rows, row)
	}
	return p.lines(rows)
}

func (t table[Item]) one(p printer, item Item) error {
	if p.json {
		return p.document(struct {
			Version int  `json:"version"`
			Item    Item `json:"item"`
		}{outputVersion, item})
	}
	p.bold = false // there is no head
	var rows [][]string
	for _, c := range t {
		rows = append(rows, []string{c.head, c.cell(item)})
	}
	return p.lines(rows)
}

// when writes a time as people read it, in their own zone; one that is not told, not.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
