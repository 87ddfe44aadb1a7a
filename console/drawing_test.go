package console

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/api"
)

// Names are text wherever they stand, in pictures too, and a picture stays one however
// many there are.
func TestAttackMarkupInADrawing(t *testing.T) {
	const evil = `<script>alert(1)</script>"'/><svg onload=x>`
	report := &api.AccountReport{Account: "111122223333", Spaces: []api.ReachingSpace{{Name: evil, Connection: evil, State: "active"}}}
	for range 500 {
		report.Spaces[0].Projects = append(report.Spaces[0].Projects, api.ReachingProject{Name: evil,
			People:       []api.ReachingPerson{{Person: api.Person{Alias: evil}, Grants: []api.Grant{{Role: evil, Team: evil}}}},
			Environments: []api.ReachingEnvironment{{Name: evil, Type: evil, Ways: []api.Way{{Role: evil, State: api.WayOpen}, {Role: evil + "2", State: api.WayBroken, Because: evil}}}}})
	}
	var page bytes.Buffer
	if err := loadLooks().templates["access"].ExecuteTemplate(&page, "main", view{Data: accountAccess{report, "/start", draw(report)}}); err != nil {
		t.Fatal(err)
	}
	if text := page.String(); strings.Contains(text, "<script") || strings.Contains(text, "<svg onload") {
		t.Error("markup got through")
	}
	if boxes := strings.Count(page.String(), `<g class="box`); boxes > 130 || !strings.Contains(page.String(), "460 more environments") {
		t.Errorf("it draws %d boxes", boxes)
	}
	_, rest, _ := strings.Cut(page.String(), "<svg")
	picture, _, _ := strings.Cut(rest, "</svg>")
	for decoder := xml.NewDecoder(strings.NewReader("<svg" + picture + "</svg>")); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the picture is not well formed: %v", err)
		}
	}
}

// A role that several environments lead to is one box, and its line to the account is
// as good as the best of them.
func TestDrawingJoinsWays(t *testing.T) {
	environment := func(name, state string) api.ReachingEnvironment {
		return api.ReachingEnvironment{Name: name, Ways: []api.Way{{Role: "deploy", State: state}}}
	}
	d := draw(&api.AccountReport{Account: "111122223333", Spaces: []api.ReachingSpace{{ID: "s", Name: "acme", Projects: []api.ReachingProject{
		{Name: "web", Environments: []api.ReachingEnvironment{environment("a", api.WayBroken), environment("b", api.WayOpen)}}, {Name: "docs", Environments: []api.ReachingEnvironment{environment("c", api.WayUnknown)}}}}}})
	states := map[string]int{}
	for _, l := range d.Lines {
		states[l.State]++
	}
	// Three from people, three to the role of which one is broken and one unknown, one to the account.
	if len(d.Boxes) != 2+3+1+1 || states[api.WayOpen] != 3+1+1 || states[api.WayBroken] != 1 || states[api.WayUnknown] != 1 {
		t.Errorf("%d boxes, lines %v", len(d.Boxes), states)
	}
	for _, b := range d.Boxes {
		if b.X < 0 || b.Y < 0 || b.X+b.Width > d.Width || b.Y+b.Height > d.Height {
			t.Errorf("%+v is outside of %dx%d", b, d.Width, d.Height)
		}
	}
	if none := draw(&api.AccountReport{Account: "111122223333"}); len(none.Boxes) != 1 || len(none.Lines) != 0 {
		t.Errorf("nobody: %+v", none)
	}
}
