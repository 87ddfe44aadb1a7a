package console

import (
	"fmt"
	"unicode/utf8"

	"github.com/sallyport/sallyport/api"
)

// drawing is who reaches an account as a picture: people, environments, roles and the
// account in four columns, and lines for the ways between them. It says nothing that the
// table below it does not.
type drawing struct {
	Width, Height int
	Boxes         []box
	Lines         []line
}

type box struct {
	X, Y, Width, Height int
	Title, Detail       string
	Whole               string
	Kind                string // of a class in the style sheet
}

// Where its texts begin.
func (b box) TextX() int   { return b.X + 12 }
func (b box) TitleY() int  { return b.Y + 19 }
func (b box) DetailY() int { return b.Y + 36 }

type line struct {
	Path  string // of an SVG path
	State string // open, broken or unknown
}

// What a picture is made of, in its own units.
const (
	boxWidth, boxHeight = 216, 46
	rowGap, columnGap   = 14, 52
	margin              = 8
	mostDrawn           = 40 // environments, and roles; a picture of more is none
	longestShown        = 24 // characters in a box; all of a text shows when it is pointed at
)

func column(n int) int { return margin + n*(boxWidth+columnGap) }

// draw puts every environment in a row of its own; people stand beside those of their
// project, roles by themselves. What is too much for a picture is counted in it.
func draw(report *api.AccountReport) drawing {
	d := drawing{Width: column(3) + boxWidth + margin}
	roles := &row{}
	environments := &row{}
	type key struct{ space, role string }
	placed := map[key]int{} // of roles, the index of their box
	left := 0               // environments that are not drawn
	for _, space := range report.Spaces {
		for _, project := range space.Projects {
			first := environments.y
			var of []int
			for _, e := range project.Environments {
				if environments.count >= mostDrawn {
					left++
					continue
				}
				of = append(of, d.put(environments, 1, project.Name+" / "+e.Name, space.Name+", "+e.Type, kindOf(e.Warning)))
				for _, way := range e.Ways {
					k := key{space.ID, way.Role}
					to, known := placed[k]
					if !known {
						if roles.count >= mostDrawn {
							continue
						}
						to = d.put(roles, 2, way.Role, "by "+space.Connection, kindOf(way.Warning))
						placed[k] = to
					}
					d.link(of[len(of)-1], to, way.State)
				}
			}
			if of == nil {
				continue
			}
			people := len(d.Boxes)
			d.Boxes = append(d.Boxes, box{column(0), margin + (first+environments.y-rowGap-boxHeight)/2, boxWidth, boxHeight, peopleIn(project), shown(crowd(project)), crowd(project), "people"})
			for _, e := range of {
				d.link(people, e, api.WayOpen)
			}
		}
	}
	if left > 0 {
		d.put(environments, 1, fmt.Sprintf("%d more environments", left), "in the table below", "more")
	}
	d.Height = 2*margin + max(environments.y, roles.y, boxHeight+rowGap) - rowGap
	account := len(d.Boxes)
	d.Boxes = append(d.Boxes, box{column(3), (d.Height - boxHeight) / 2, boxWidth, boxHeight, report.Account, "the account", report.Account, "account"})
	for i := range d.Boxes[:account] {
		if d.Boxes[i].X == column(2) {
			d.link(i, account, d.best(i))
		}
	}
	return d
}

// row is how far down a column is filled.
type row struct{ y, count int }

func (d *drawing) put(in *row, at int, title, detail, kind string) int {
	d.Boxes = append(d.Boxes, box{column(at), margin + in.y, boxWidth, boxHeight, shown(title), shown(detail), title + ", " + detail, kind})
	in.y += boxHeight + rowGap
	in.count++
	return len(d.Boxes) - 1
}

func (d *drawing) link(from, to int, state string) {
	a, b := d.Boxes[from], d.Boxes[to]
	x1, y1, x2, y2 := a.X+a.Width, a.Y+a.Height/2, b.X, b.Y+b.Height/2
	middle := (x1 + x2) / 2
	d.Lines = append(d.Lines, line{fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, middle, y1, middle, y2, x2, y2), state})
}

// best is the state of the best way that ends at a box.
func (d *drawing) best(to int) string {
	b := d.Boxes[to]
	end, best := fmt.Sprintf(" %d %d", b.X, b.Y+b.Height/2), api.WayBroken
	for _, l := range d.Lines {
		if len(l.Path) >= len(end) && l.Path[len(l.Path)-len(end):] == end && (l.State == api.WayOpen || best == api.WayBroken) {
			best = l.State
		}
	}
	return best
}

func kindOf(warning string) string {
	if warning != "" {
		return "warned"
	}
	return "plain"
}

func peopleIn(p api.ReachingProject) string {
	if len(p.People) == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", len(p.People))
}

// crowd names them, as far as there is room.
func crowd(p api.ReachingProject) string {
	names := ""
	for i, person := range p.People {
		if i > 0 {
			names += ", "
		}
		names += person.Alias
	}
	return names
}

// shown is as much of a text as a box takes.
func shown(text string) string {
	if utf8.RuneCountInString(text) <= longestShown {
		return text
	}
	return string([]rune(text)[:longestShown-1]) + "…"
}
