package githttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/git"
	"github.com/sallyport/sallyport/repo"
)

// Lines of the protocol begin with their length: gitprotocol-common(5).
const (
	flush       = "0000"
	longestLine = 65520
	// longestCommand is more than two names of objects, the name of a reference and
	// what a client says it can do.
	longestCommand = 4 << 10
	// mostShallow bounds what a client that has cut its history off says about where.
	mostShallow = 100_000
)

func pktLine(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// readLine reads a line; nil is a flush.
func readLine(r *bufio.Reader, most int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := 0
	for _, c := range head {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return nil, fault.Invalidf("the request is not one of Git's: %q is no length of a line", head)
		}
		length = length<<4 | digit
	}
	switch {
	case length == 0:
		return nil, nil
	case length < 4 || length-4 > most:
		return nil, fault.Invalidf("the request is not one of Git's: a line of %d bytes", length)
	}
	line := make([]byte, length-4)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, err
	}
	return line, nil
}

// request is what a client asks for when it pushes, before the pack.
type request struct {
	updates []repo.Update
	can     map[string]bool // what the client understands, of what was offered
}

// capabilities are what is offered to clients that push: gitprotocol-capabilities(5).
// Options of a push are for hooks, of which there are none: a client that has some
// is told by Git that they are not taken.
const capabilities = "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=sallyport"

// pack tells whether one follows.
func (q request) pack() bool {
	for _, u := range q.updates {
		if u.After != "" {
			return true
		}
	}
	return false
}

// readRequest reads as far as the pack. With an error it returns what it understood up
// to there, for the answer. No update: the client was only trying whether it may.
func readRequest(r *bufio.Reader) (q request, err error) {
	q.can = map[string]bool{}
	named, shallow := map[string]bool{}, 0
	for {
		line, err := readLine(r, longestCommand)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return q, fault.Invalidf("the request ended before its commands did")
		case err != nil || line == nil:
			return q, err
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		if bytes.HasPrefix(line, []byte("shallow ")) {
			// What a client has cut off it must not need: the pack has to go on from
			// what is here.
			if shallow++; shallow > mostShallow {
				return q, fault.Quotaf("the history of the client is cut off in more than %d places", mostShallow)
			}
			continue
		}
		command, can, _ := bytes.Cut(line, []byte{0})
		if len(q.updates) == 0 {
			for _, word := range strings.Fields(string(can)) {
				q.can[word] = true
			}
			if err := q.usable(); err != nil {
				return q, err
			}
		}
		update, err := readCommand(string(command))
		if err != nil {
			return q, err
		}
		if named[update.Ref] {
			return q, fault.Invalidf("the push changes %q twice", update.Ref)
		}
		named[update.Ref] = true
		q.updates = append(q.updates, update)
		if len(q.updates) > repo.MostUpdates {
			return q, fault.Quotaf("the push changes more than %d references: at most that many at once", repo.MostUpdates)
		}
	}
}

func (q request) usable() error {
	for word := range q.can {
		if format, ok := strings.CutPrefix(word, "object-format="); ok && format != "sha1" {
			return fault.Unsupportedf("objects are named by SHA-1 here, not by %.20q", format)
		}
	}
	if q.can["push-options"] {
		return fault.Unsupportedf("options of a push are not taken")
	}
	return nil
}

// readCommand reads "OLD NEW REF".
func readCommand(text string) (u repo.Update, err error) {
	before, rest, _ := strings.Cut(text, " ")
	after, ref, ok := strings.Cut(rest, " ")
	if !ok {
		return u, fault.Invalidf("%.80q is no command of a push", text)
	}
	if u.Before, err = git.ParseID(before); err != nil {
		return u, err
	}
	if u.After, err = git.ParseID(after); err != nil {
		return u, err
	}
	if !strings.HasPrefix(ref, "refs/") || !utf8.ValidString(ref) || strings.ContainsFunc(ref, func(c rune) bool { return c == ' ' || unicode.IsControl(c) }) {
		return u, fault.Invalidf("%.300q is no name of a reference", ref)
	}
	u.Ref = ref
	return u, nil
}

// reporter tells the client what came of its push.
type reporter struct {
	to  io.Writer
	can map[string]bool
}

// report answers the updates, in their order.
func (p reporter) report(updates []repo.Update, refusal func(int) error) error {
	var text strings.Builder
	text.WriteString(pktLine("unpack ok\n"))
	for i, u := range updates {
		if err := refusal(i); err != nil {
			text.WriteString(pktLine("ng " + u.Ref + " " + oneLine(fault.As(err).Message) + "\n"))
		} else {
			text.WriteString(pktLine("ok " + u.Ref + "\n"))
		}
	}
	text.WriteString(flush)
	if !p.can["report-status"] {
		return nil
	}
	if !p.can["side-band-64k"] {
		_, err := io.WriteString(p.to, text.String())
		return err
	}
	if err := p.band(1, text.String()); err != nil {
		return err
	}
	_, err := io.WriteString(p.to, flush)
	return err
}

// band writes text into a side band: 1 is the answer, 2 what the user is shown, 3 why
// all ends here.
func (p reporter) band(number byte, text string) error {
	for len(text) > 0 {
		part := text[:min(len(text), longestLine-5)]
		if _, err := io.WriteString(p.to, pktLine(string(number)+part)); err != nil {
			return err
		}
		text = text[len(part):]
	}
	return nil
}

// oneLine keeps what others chose from looking like more of the answer.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}
