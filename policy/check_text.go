package policy

import (
	"strings"
)

// arnParts is a text cut as an ARN, in which a variable or a wildcard may stand for any
// part.
type arnParts struct {
	parts []string // as far as there are any, six at most
}

func cutARN(text string) arnParts {
	return arnParts{splitARN(text, len(text) <= 2048)} // no ARN is longer
}

// part is one of the six, and empty when the text has not as many.
func (a arnParts) part(i int) string {
	if i < len(a.parts) {
		return a.parts[i]
	}
	return ""
}

// whole reports whether it has its six parts. One that ends in a wildcard too early is
// taken as whole: IAM puts wildcards for the parts left out.
func (a arnParts) whole() bool { return len(a.parts) == 6 }

// isOpen reports whether a wildcard or a variable stands in the text, so that nothing can
// be said of its form.
func isOpen(text string) bool { return strings.ContainsAny(text, "*?$") }

// toPart narrows the subject to one of the parts.
func (s *subject) toPart(a arnParts, i int) {
	from := i
	for _, p := range a.parts[:i] {
		from += len(p)
	}
	s.other = a.parts[i]
	if s.other != "" {
		s.within(from, len(s.other))
	}
}

var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// isRegion checks the form, eu-central-1. New Regions come every year.
func isRegion(text string) bool {
	words := strings.Split(text, "-")
	if len(words) < 3 || len(words) > 4 {
		return false
	}
	for i, word := range words {
		letters := "abcdefghijklmnopqrstuvwxyz"
		if i == len(words)-1 {
			letters = "0123456789"
		}
		if word == "" || strings.Trim(word, letters) != "" {
			return false
		}
	}
	return true
}

// variable is ${...} in a text.
type variable struct {
	from, length int
	name         string // what stands before the comma
	fallback     string
	hasFallback  bool
	closed       bool
}

// variables are those of a text. The three that stand for a character are left out.
func variablesOf(text string) (found []variable) {
	for from := 0; ; {
		at := strings.Index(text[from:], "${")
		if at < 0 {
			return found
		}
		from += at
		end := strings.IndexByte(text[from:], '}')
		if end < 0 {
			return append(found, variable{from: from, length: len(text) - from})
		}
		inside := text[from+2 : from+end]
		v := variable{from: from, length: end + 1, closed: true}
		v.name, v.fallback, v.hasFallback = strings.Cut(inside, ",")
		if inside != "*" && inside != "?" && inside != "$" {
			found = append(found, v)
		}
		from += end + 1
	}
}

// aVariable is the condition of a check that some variable of the text be as it says.
func aVariable(is func(s *subject, v variable) bool) func(*subject) bool {
	return func(s *subject) bool {
		if !s.document.Variables() || !strings.Contains(s.it, "${") {
			return false
		}
		for _, v := range variablesOf(s.it) {
			if is(s, v) {
				s.other = strings.TrimSpace(v.name)
				s.within(v.from, v.length)
				return true
			}
		}
		return false
	}
}
