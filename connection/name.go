package connection

import (
	"math"
	"regexp"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/space"
)

// AWS tells no forms of these names; those of spaces and projects are used, and a name
// may have one character.
var (
	nameForm        = regexp.MustCompile(`^[a-zA-Z0-9]+(?:[-_.][a-zA-Z0-9]+)*$`)
	descriptionForm = regexp.MustCompile(`^(?:[a-zA-Z0-9][-_a-zA-Z0-9.,;:/+=?&$% ]*)?$`)
)

const (
	longestName        = 63
	longestDescription = 200
)

func checkName(what, name string) error {
	if len(name) > longestName || !nameForm.MatchString(name) {
		return fault.Invalidf("%s name %.64q: a name has 1 to %d letters and digits, with single - _ . between them", what, name, longestName)
	}
	return nil
}

func checkDescription(text string) error {
	if len(text) > longestDescription || !descriptionForm.MatchString(text) {
		return fault.Invalidf("the description may have %d characters: it starts with a letter or digit, and goes on with these, spaces and - _ . , ; : / + = ? & $ %%", longestDescription)
	}
	return nil
}

func limit(p space.Page) int64 {
	if p.Limit <= 0 {
		return math.MaxInt64
	}
	return int64(p.Limit)
}
