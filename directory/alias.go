package directory

import (
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/fault"
)

// Amazon CodeCatalyst's API admits dots, dashes and underscores too, its
// documentation does not. An alias stands in Git user names, mentions and
// addresses, so the narrower rule is kept.
var aliasForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,99}$`)

// CheckAlias tells whether an alias can be chosen, whoever may have it already.
func CheckAlias(alias string) error {
	if !aliasForm.MatchString(alias) {
		return fault.Invalidf("an alias has 3 to 100 characters, letters a-z and digits only, and starts with a letter")
	}
	return nil
}

// aliasKey is what is unique of an alias: ada and Ada are one name.
func aliasKey(alias string) string { return strings.ToLower(alias) }
