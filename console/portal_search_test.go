package console_test

import (
	"fmt"
	"html"
	"regexp"
	"testing"
)

// A search looks at so many accounts at a time, and goes on where it is told to.
func TestAttackASearchThroughEveryAccount(t *testing.T) {
	s, _ := newSallyport(t)
	c := newCompany(t, s)
	sam := newVisitor(t, s.URL())
	c.comesIn(sam)
	for i := range 236 {
		c.assign(fmt.Sprintf("account %03d", i), "Reader")
	}
	r := sam.get("/start?search=nothing")
	r.check(t, "nothing so far", expectation{status: 200, says: []string{"so far", "Look through more accounts"}})
	next := regexp.MustCompile(`href="(\?after=[^"]+)"`).FindStringSubmatch(r.page)
	if next == nil {
		t.Fatal(r.page)
	}
	sam.get("/start"+html.UnescapeString(next[1])).check(t, "nothing at all", expectation{status: 200, says: []string{"None of your accounts"}, keepsOff: []string{"so far", "Look through more"}})
}
