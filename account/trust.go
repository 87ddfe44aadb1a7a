package account

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// A trust policy is kept with the unique ids of the users and roles it names,
// not their ARNs: a role made later under the name of a deleted one is somebody
// else. Readers are shown ARNs again, and the bare id of what is gone, as IAM
// shows it. See "AWS JSON policy elements: Principal" in the IAM User Guide.

// longestTrust is AWS's limit, in characters without white space.
const longestTrust = 2048

// CheckDocument refuses a policy that is malformed or longer than limit
// characters, white space not counted.
func CheckDocument(kind policy.Kind, document string, limit int) error {
	if _, err := policy.Compile(kind, document); err != nil {
		return fault.WithReason(ReasonMalformed, fault.Invalidf("%w", err))
	}
	if length := Length(document); length > limit {
		return fault.WithReason(ReasonPolicySize, fault.Quotaf("Maximum policy size of %d non-whitespace characters exceeded: this policy has %d.", limit, length))
	}
	return nil
}

// ReasonPolicySize: a policy is longer than it may be.
const ReasonPolicySize fault.Reason = "LimitExceeded"

// Length is how IAM counts a document: its characters but white space.
func Length(document string) int {
	return utf8.RuneCountInString(whitespace.ReplaceAllString(document, ""))
}

var (
	whitespace = regexp.MustCompile(`\s`)
	anEntityID = regexp.MustCompile(`^(AIDA|AROA)[A-Z2-7]{17}$`)
)

// storedTrust checks a trust policy and puts unique ids for ARNs. A principal
// that does not exist is Invalid with ReasonMalformed, in IAM's words.
func (s *Store) storedTrust(tx *database.ReadTx, document string) (string, error) {
	if err := CheckDocument(policy.Trust, document, longestTrust); err != nil {
		return "", err
	}
	return rewritePrincipals(document, func(principal string) (string, error) {
		if anEntityID.MatchString(principal) {
			_, err := s.EntityByID(tx, EntityID(principal))
			if fault.Is(err, fault.NotFound) {
				return "", noPrincipal(principal)
			}
			return principal, err
		}
		a, err := arn.Parse(principal)
		if err != nil || a.Service != "iam" || a.Resource == "root" {
			return principal, nil // an account, a session, or "*"
		}
		r, err := s.locateARN(tx, ID(a.Account), principal)
		if err != nil {
			return "", err
		}
		if r.ID == "" {
			return "", noPrincipal(principal)
		}
		return string(r.ID), nil
	})
}

func noPrincipal(name string) error {
	return fault.WithReason(ReasonMalformed, fault.Invalidf("Invalid principal in policy: \"AWS\":%q: there is no such user or role", name))
}

// ReadableTrust is a role's trust policy as people read it.
func (s *Store) ReadableTrust(tx *database.ReadTx, trust string) (string, error) {
	return rewritePrincipals(trust, func(principal string) (string, error) {
		if !anEntityID.MatchString(principal) {
			return principal, nil
		}
		e, err := s.EntityByID(tx, EntityID(principal))
		if fault.Is(err, fault.NotFound) {
			return principal, nil
		}
		return e.ARN(), err
	})
}

// rewritePrincipals puts other texts for the AWS principals of a document and
// leaves everything else as it was written.
func rewritePrincipals(document string, other func(string) (string, error)) (string, error) {
	parsed, err := policy.Parse([]byte(document))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	end := 0
	for i := range parsed.Statements {
		statement := &parsed.Statements[i]
		for _, entry := range append(policy.Principals(statement.Principal), policy.Principals(statement.NotPrincipal)...) {
			if entry.Type == nil || entry.Type.Name != "AWS" {
				continue
			}
			text, err := other(entry.Value.Text)
			if err != nil {
				return "", err
			}
			if text == entry.Value.Text {
				continue
			}
			quoted, err := json.Marshal(text)
			if err != nil {
				return "", err
			}
			out.WriteString(document[end:entry.Value.Start.Offset])
			out.Write(quoted)
			end = entry.Value.End.Offset
		}
	}
	return out.String() + document[end:], nil
}
