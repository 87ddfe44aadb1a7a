package policy

import "fmt"

// MalformedError says why a document is no policy of its kind.
type MalformedError struct {
	Position
	Reason string // in IAM's words, what MalformedPolicyDocument says
	Detail string // in ours: what is wrong, and what would be right
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s %s (%s)", e.Reason, e.Detail, e.Position)
}

// IAM's words for what several mistakes have in common.
const (
	syntaxErrors  = "Syntax errors in policy."
	legacyParsing = "The policy failed legacy parsing"
)

func malformed(at Position, reason, detail string, args ...any) error {
	return &MalformedError{at, reason, fmt.Sprintf(detail, args...)}
}
