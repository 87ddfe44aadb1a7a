package githttp

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
)

const one, two = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"

var requests = map[string]struct {
	text    string
	updates []repo.Update
	refused string // part of why; empty: it is not
}{
	"trying whether it may": {"0000", nil, ""},
	"a new branch": {pktLine(git.Zero+" "+one+" refs/heads/main\x00 report-status side-band-64k agent=git/2.39") + flush,
		[]repo.Update{{Ref: "refs/heads/main", After: one}}, ""},
	"several, from a client that has cut its history off": {
		pktLine("shallow "+one+"\n") + pktLine(one+" "+two+" refs/heads/main\x00atomic\n") + pktLine(two+" "+git.Zero+" refs/tags/v1\n") + flush,
		[]repo.Update{{Ref: "refs/heads/main", Before: one, After: two}, {Ref: "refs/tags/v1", Before: two}}, ""},
	"a certificate":            {pktLine("push-cert\x00report-status") + flush, nil, "no command of a push"},
	"nothing":                  {"", nil, "ended before its commands"},
	"no end":                   {pktLine(git.Zero + " " + one + " refs/heads/main"), []repo.Update{{Ref: "refs/heads/main", After: one}}, "ended before its commands"},
	"a line that is none":      {"00zz", nil, "no length of a line"},
	"a line that is too short": {"0001", nil, "a line of 1 bytes"},
	"a line that is too long":  {"fff0" + strings.Repeat("x", 100), nil, "a line of 65520 bytes"},
	"a name that is none":      {pktLine("abc def refs/heads/x") + flush, nil, "40 hexadecimal digits"},
	"a reference that is none": {pktLine(one+" "+two+" main") + flush, nil, "no name of a reference"},
	"a reference with a line":  {pktLine(one+" "+two+" refs/heads/a\nb") + flush, nil, "no name of a reference"},
	"one reference twice":      {pktLine(one+" "+two+" refs/heads/a") + pktLine(one+" "+two+" refs/heads/a") + flush, []repo.Update{{Ref: "refs/heads/a", Before: one, After: two}}, "twice"},
	"objects named by SHA-256": {pktLine(one+" "+two+" refs/heads/a\x00object-format=sha256") + flush, nil, "SHA-1"},
	"options for hooks":        {pktLine(one+" "+two+" refs/heads/a\x00push-options") + flush, nil, "options"},
}

func TestARequestIsReadAsItIsMeant(t *testing.T) {
	for what, test := range requests {
		t.Run(what, func(t *testing.T) {
			q, err := readRequest(bufio.NewReader(strings.NewReader(test.text + "PACK")))
			if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				if test.text != "" && !strings.Contains(test.refused, "ended") { // there, the pack's first bytes are taken for a line
					t.Errorf("the error is %v, not %q", err, test.refused)
				}
			}
			if len(q.updates) != len(test.updates) {
				t.Fatalf("read %v", q.updates)
			}
			for i, u := range q.updates {
				if u != test.updates[i] {
					t.Errorf("read %+v, not %+v", u, test.updates[i])
				}
			}
		})
	}
}

func FuzzRequest(f *testing.F) {
	for _, test := range requests {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from := strings.NewReader(text)
		q, err := readRequest(bufio.NewReader(from))
		if err != nil && fault.KindOf(err) == fault.Internal && err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatalf("%q fails inside: %v", text, err)
		}
		seen := map[string]bool{}
		for _, u := range q.updates {
			if seen[u.Ref] || !strings.HasPrefix(u.Ref, "refs/") || strings.ContainsAny(u.Ref, " \n\x00") {
				t.Fatalf("%q names %q", text, u.Ref)
			}
			seen[u.Ref] = true
			for _, id := range []git.ID{u.Before, u.After} {
				if again, err := git.ParseID(id.String()); err != nil || again != id {
					t.Fatalf("%q is an id: %v", id, err)
				}
			}
			// What is answered is read back as one line for each reference.
			var out strings.Builder
			if err := (reporter{&out, map[string]bool{"report-status": true}}).report([]repo.Update{u}, func(int) error { return fault.Invalidf("no\nok %s\n", u.Ref) }); err != nil {
				t.Fatal(err)
			}
			if strings.Count(out.String(), "\n") != 2 {
				t.Fatalf("the answer is %q", out.String())
			}
		}
	})
}
