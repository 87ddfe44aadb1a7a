package signin

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// DescribeSignInInput says what somebody wants to sign in for: a client that asks to be
// let in, or nothing in particular.
type DescribeSignInInput struct{ ClientID, Scope string }

// DescribeSignInOutput tells which ways in there are.
type DescribeSignInOutput struct {
	Open    bool   // the first user is still to be made
	Default string // the identity store whose users sign in where none is named; empty: there is none
	Store   string // the identity store whose user the client wants; empty: a Builder ID user
}

func (s *SignIn) describeSignIn(q *operation.Query, in *DescribeSignInInput) (out *DescribeSignInOutput, err error) {
	out = &DescribeSignInOutput{}
	if out.Open, err = s.Directory.Empty(q.Tx); err != nil {
		return nil, err
	}
	first, err := s.Centers.Default(q.Tx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	out.Default = string(first.Store)
	if in.ClientID == "" {
		return out, nil
	}
	out.Store, err = s.storeFor(q.Tx, in, directory.StoreID(out.Default))
	return out, err
}

// storeFor is the identity store whose user a client wants, if it wants one: accounts
// are assigned to those alone. What is wrong with the client is told whoever has
// signed in.
func (s *SignIn) storeFor(tx *database.ReadTx, in *DescribeSignInInput, first directory.StoreID) (string, error) {
	client, err := s.Credentials.Client(tx, credential.ClientID(in.ClientID))
	if fault.Is(err, fault.Unauthenticated) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	scopes, err := client.Grant(strings.Fields(in.Scope))
	switch {
	case err != nil || !slices.Contains(scopes, credential.ScopePortal):
		return "", nil
	case client.Store != "":
		return string(client.Store), nil
	}
	return string(first), nil
}
