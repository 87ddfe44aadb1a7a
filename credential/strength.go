package credential

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/fault"
)

// NIST SP 800-63B-4 section 3.1.1.2: 15 characters where the password is all
// there is, at least 64 allowed, no rules of composition, and a list of those
// that attackers try first.
const (
	minPassword = 15
	maxPassword = 256
)

// Check refuses a password that is too short, or so common or so near to its
// owner that it would be guessed within the tries a sign-in page allows. The
// answer says which, and what would mend it.
func Check(plain, alias, email, name string) error {
	length := utf8.RuneCountInString(plain)
	switch {
	case !utf8.ValidString(plain):
		return fault.Invalidf("the password is not text: type it anew")
	case length < minPassword:
		return fault.Invalidf("the password has %d characters and needs %d: a few words in a row will do", length, minPassword)
	case length > maxPassword:
		return fault.Invalidf("the password has %d characters, at most %d are taken", length, maxPassword)
	}
	lower := strings.ToLower(plain)
	switch {
	case repeats(lower):
		return fault.Invalidf("the password repeats one short piece: add words of your own")
	case isRun(lower):
		return fault.Invalidf("the password follows the alphabet, the digits or the keyboard: add words of your own")
	case mostly(lower, ownWords(alias, email, name)):
		return fault.Invalidf("most of the password is your own name or address, or the name of this service: add words that nobody connects with you")
	case isCommon(lower):
		return fault.Invalidf("the password is among those that are tried first: add words that do not usually stand together")
	}
	return nil
}

// repeats tells whether a text is one piece over and over, of less than half its
// length and of less than eight characters.
func repeats(text string) bool {
	letters := []rune(text)
	for unit := 1; unit < min(8, (len(letters)+1)/2); unit++ {
		if slices.Equal(letters[unit:], letters[:len(letters)-unit]) {
			return true
		}
	}
	return false
}

// sequences are what fingers and memory walk along: the alphabet, the digits,
// the rows of keyboards in the English, German and French order, and the
// columns of the English one.
var sequences = []string{
	"abcdefghijklmnopqrstuvwxyz",
	"01234567890",
	"qwertyuiop", "asdfghjkl", "zxcvbnm",
	"qwertzuiop", "yxcvbnm",
	"azertyuiop", "qsdfghjklm", "wxcvbn",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	"!@#$%^&*()",
}

// isRun tells whether a text is nothing but pieces of three or more characters
// of one sequence, in either direction, save for a remainder too short to help.
func isRun(text string) bool {
	letters := []rune(text)
	outside := 0
	for at := 0; at < len(letters); {
		length := runAt(letters[at:])
		if length < 3 {
			outside, length = outside+1, 1
		}
		at += length
	}
	return outside < 4
}

// runAt is how far a text begins with a run.
func runAt(text []rune) int {
	longest := 1
	for _, sequence := range sequences {
		for _, direction := range []string{sequence, reversed(sequence)} {
			start := strings.IndexRune(direction, text[0])
			if start < 0 {
				continue
			}
			longest = max(longest, commonPrefix(text, []rune(direction[start:])))
		}
	}
	return longest
}

func reversed(text string) string {
	letters := []rune(text)
	slices.Reverse(letters)
	return string(letters)
}

func commonPrefix(a, b []rune) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// ownWords are the words that whoever knows the user and the service would try.
func ownWords(alias, email, name string) []string {
	local, _, _ := strings.Cut(email, "@")
	texts := append([]string{"sallyport", alias, email, local, name}, strings.FieldsFunc(local+" "+name, notWord)...)
	var words []string
	for _, text := range texts {
		if utf8.RuneCountInString(text) >= 3 {
			words = append(words, strings.ToLower(text))
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// mostly tells whether the words make up more than half of a text.
func mostly(text string, words []string) bool {
	left := text
	for _, word := range words {
		left = strings.ReplaceAll(left, word, "")
	}
	return 2*utf8.RuneCountInString(left) < utf8.RuneCountInString(text)
}

//go:embed common.txt
var commonText string

// common holds passwords and parts of passwords that everybody thinks of.
var common = func() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			words[line] = true
		}
	}
	return words
}()

// longestCommon bounds the search for parts.
var longestCommon = func() (longest int) {
	for word := range common {
		longest = max(longest, len(word))
	}
	return longest
}()

// lettersFor undoes the substitutions everybody makes.
var lettersFor = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// isCommon tells whether a text is made of common passwords, whichever digits and
// signs stand for letters, with no more than a date or a sequence around them.
func isCommon(lower string) bool {
	if rest := onlyDigitsAndSigns(lower); utf8.RuneCountInString(rest) > 8 && !repeats(rest) && !isRun(rest) {
		return false
	}
	return madeOfCommon(onlyLetters(lower)) || madeOfCommon(onlyLetters(lettersFor.Replace(lower))) ||
		madeOfCommon(onlyLetters(lettersFor.Replace(strings.TrimFunc(lower, notLetter))))
}

func onlyDigitsAndSigns(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

func onlyLetters(text string) string {
	return strings.Map(func(r rune) rune {
		if notLetter(r) {
			return -1
		}
		return r
	}, text)
}

// madeOfCommon tells whether a text can be cut into common words.
func madeOfCommon(text string) bool {
	reached := make([]bool, len(text)+1)
	reached[0] = true
	for end := 1; end <= len(text); end++ {
		for start := max(0, end-longestCommon); start < end && !reached[end]; start++ {
			reached[end] = reached[start] && common[text[start:end]]
		}
	}
	return text != "" && reached[len(text)]
}
