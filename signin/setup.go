package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"strconv"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/seal"
)

// SetupToken is what makes the first user: the same for every node and start, and
// no good any more once there is a user. Then it is "".
func SetupToken(tx *database.ReadTx, users *directory.Store) (string, error) {
	empty, err := users.Empty(tx)
	if err != nil || !empty {
		return "", err
	}
	key, err := users.Keys.Key(tx, seal.Directory)
	if err != nil {
		return "", err
	}
	// Deleted users keep their rows, so a token that was used once never comes again.
	rows, err := database.One(tx, database.Value[int64], `select count(*) from users where store_id is null`)
	if err != nil {
		return "", err
	}
	token, err := key.Hash("setup", strconv.AppendInt(nil, rows, 10))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(token), err
}

// SetupStateOutput tells whether the first user is still to be made.
type SetupStateOutput struct{ Open bool }

func (s *SignIn) setupState(q *operation.Query, _ *Empty) (*SetupStateOutput, error) {
	empty, err := s.Directory.Empty(q.Tx)
	return &SetupStateOutput{Open: empty}, err
}

// SetupInput makes the first user. The token is printed by the server at its
// start and stands in bootstrap.json: whoever has it owns the machine.
type SetupInput struct {
	Token       string
	Alias       string
	Email       string
	DisplayName string
	Password    string

	hash string
}

// prepareSetup looks at the token first: strangers get nothing hashed.
func (s *SignIn) prepareSetup(c *operation.Call, view operation.View, in *SetupInput) error {
	err := view(func(tx *database.ReadTx) error { return s.checkSetup(tx, in) })
	if err != nil {
		return err
	}
	in.hash, err = newPassword(c.Context, in.Password, in.Alias, in.Email, in.DisplayName)
	return err
}

// checkSetup refuses what is not the token, and all once there is a user.
func (s *SignIn) checkSetup(tx *database.ReadTx, in *SetupInput) error {
	want, err := SetupToken(tx, s.Directory)
	switch {
	case err != nil:
		return err
	case want == "":
		return fault.Conflictf("Sallyport is set up already: sign in, or ask for an invitation")
	case subtle.ConstantTimeCompare([]byte(in.Token), []byte(want)) == 0:
		return fault.Deniedf("this is not the set-up token: take the address from bootstrap.json in the data directory")
	}
	return nil
}

func (s *SignIn) setup(c *operation.Command, in *SetupInput) (*Session, error) {
	if err := s.checkSetup(c.Tx.Reading(), in); err != nil {
		return nil, err
	}
	user, err := s.Directory.Create(c.Tx, directory.NewUser{Alias: in.Alias, Email: in.Email, DisplayName: in.DisplayName, PasswordHash: in.hash})
	if err != nil {
		return nil, err
	}
	return s.begin(c, user)
}

// newPassword checks a password against the rules and hashes it.
func newPassword(ctx context.Context, plain, alias, email, name string) (string, error) {
	if err := credential.Check(plain, alias, email, name); err != nil {
		return "", err
	}
	return credential.Hash(ctx, plain)
}
