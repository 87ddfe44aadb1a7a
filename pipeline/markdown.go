package pipeline

import (
	"fmt"
	"io"
	"strings"
)

// longestMarkdown is what hosts of pull requests take of one comment, and some less.
const longestMarkdown = 60_000

// WriteMarkdown writes the plan for a pull request: what matters for a decision on top,
// all of it folded below. What comes from files cannot leave its place.
func (p *Plan) WriteMarkdown(to io.Writer) error {
	var m strings.Builder
	fmt.Fprintf(&m, "### Access plan\n\n**%s**\n\n", p.Summary())
	if failed := p.Failed(); len(failed) > 0 {
		fmt.Fprintf(&m, "**%s: the plan will not be applied.**\n\n", count(len(failed), "guard fails", "guards fail"))
		for _, g := range failed {
			fmt.Fprintf(&m, "- %s\n", code(g.Rule))
			for _, found := range g.Found {
				fmt.Fprintf(&m, "  - %s\n", code(found))
			}
		}
		m.WriteByte('\n')
	}
	if len(p.Warnings) > 0 {
		fmt.Fprintf(&m, "<details><summary>%s</summary>\n\n", count(len(p.Warnings), "warning", "warnings"))
		for _, w := range p.Warnings {
			fmt.Fprintf(&m, "- %s\n", code(strings.TrimPrefix(w.At.String()+": ", ": ")+w.Message))
		}
		m.WriteString("\n</details>\n\n")
	}
	if len(p.Access) > 0 {
		m.WriteString("| who | where | gains | loses |\n|---|---|---|---|\n")
		for _, a := range p.Access {
			where := p.name(a.Accounts[0])
			if len(a.Accounts) > 1 {
				where = count(len(a.Accounts), "account", "accounts")
			}
			gains := append(a.Gains[:len(a.Gains):len(a.Gains)], a.Unknown...)
			fmt.Fprintf(&m, "| %s | %s | %s | %s |\n", cell(principalWords(a.Principal, p.Names[a.Principal.ID])), cell(where), cells(gains), cells(a.Loses))
		}
		m.WriteByte('\n')
	}
	if !p.Empty() {
		var text strings.Builder
		if err := p.WriteText(&text, false); err != nil {
			return err
		}
		body := text.String()
		fmt.Fprintf(&m, "<details><summary>The whole plan</summary>\n\n%s\n</details>\n", fenced(clipLines(body, longestMarkdown-m.Len())))
	}
	_, err := io.WriteString(to, clipLines(m.String(), longestMarkdown+1000))
	return err
}

func clipLines(text string, most int) string {
	if len(text) <= max(most, 0) {
		return text
	}
	cut := strings.LastIndexByte(text[:max(most, 0)], '\n') + 1
	return text[:cut] + "(cut short: sallyport plan --output json has all)\n"
}

// fenced is a block of code that nothing in it can end.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "\n" + text + fence
}

// code is a span of code that nothing in it can end.
func code(text string) string {
	text = printable(text)
	tick := "`"
	for strings.Contains(text, tick) {
		tick += "`"
	}
	if len(tick) == 1 {
		return tick + text + tick
	}
	return tick + " " + text + " " + tick
}

// cell is code in a table, where a bar would end the cell, in code too.
func cell(text string) string { return code(strings.ReplaceAll(text, "|", "¦")) }

func cells(lines []string) string {
	const most = 10
	var all []string
	for i, line := range lines {
		if i == most {
			all = append(all, fmt.Sprintf("and %d more", len(lines)-i))
			break
		}
		all = append(all, cell(line))
	}
	return strings.Join(all, "<br>")
}
