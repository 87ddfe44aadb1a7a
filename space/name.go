package space

import (
	"regexp"

	"github.com/sallyport/sallyport/fault"
)

// The forms are those of the CodeCatalyst API. Its form of a description cannot match
// an empty one although the length may be 0; here an empty one is allowed.
var (
	nameForm        = regexp.MustCompile(`^[a-zA-Z0-9]+(?:[-_.][a-zA-Z0-9]+)*$`)
	displayNameForm = regexp.MustCompile(`^[a-zA-Z0-9]+(?:[-_. ][a-zA-Z0-9]+)*$`)
	descriptionForm = regexp.MustCompile(`^(?:[a-zA-Z0-9][-_a-zA-Z0-9.,;:/+=?&$% ]*)?$`)
)

const (
	shortestName       = 3
	longestName        = 63
	longestDescription = 200
)

func checkName(what, name string) error {
	if len(name) < shortestName || len(name) > longestName || !nameForm.MatchString(name) {
		return fault.Invalidf("%s name %.64q: a name has %d to %d letters and digits, with single - _ . between them",
			what, name, shortestName, longestName)
	}
	return nil
}

func checkDisplayName(what, name string) error {
	if len(name) < shortestName || len(name) > longestName || !displayNameForm.MatchString(name) {
		return fault.Invalidf("%s display name %.64q: a display name has %d to %d letters and digits, with single spaces or - _ . between them",
			what, name, shortestName, longestName)
	}
	return nil
}

func checkDescription(text string) error {
	if len(text) > longestDescription {
		return fault.Invalidf("the description has %d characters: it can have %d", len(text), longestDescription)
	}
	if !descriptionForm.MatchString(text) {
		return fault.Invalidf("the description has a character it cannot have: it starts with a letter or digit, and goes on with these, spaces and - _ . , ; : / + = ? & $ %%")
	}
	return nil
}
