package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// The setting that holds the hash of the set-up token until the first user
// exists.
const setupSetting = "setup_token_hash"

// OfferSetup makes a new set-up token while there is no user, and returns it;
// an earlier one is no longer good. Once there is a user it returns "".
func OfferSetup(tx *database.Tx, users *directory.Store) (string, error) {
	count, err := users.Count(tx.Reading())
	if err != nil || count > 0 {
		return "", err
	}
	token := rand.Text()
	_, err = tx.Exec(`insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`,
		setupSetting, setupHash(token))
	return token, err
}

func setupHash(token string) string { return hex.EncodeToString(credential.HashToken(token)) }

// SetupStateOutput tells whether the first user is still to be made.
type SetupStateOutput struct{ Open bool }

func (s *SignIn) setupState(q *operation.Query, _ *Empty) (*SetupStateOutput, error) {
	_, err := setting(q.Tx)
	if errors.Is(err, database.ErrNone) {
		return &SetupStateOutput{}, nil
	}
	return &SetupStateOutput{Open: err == nil}, err
}

func setting(tx *database.ReadTx) (string, error) {
	return database.One(tx, database.Value[string], `select value from settings where name = $1`, setupSetting)
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

func prepareSetup(c *operation.Call, _ operation.View, in *SetupInput) (err error) {
	in.hash, err = newPassword(c.Context, in.Password, in.Alias, in.Email, in.DisplayName)
	return err
}

func (s *SignIn) setup(c *operation.Command, in *SetupInput) (*Session, error) {
	want, err := setting(c.Tx.Reading())
	switch {
	case errors.Is(err, database.ErrNone):
		return nil, fault.Conflictf("Sallyport is set up already: sign in, or ask for an invitation")
	case err != nil:
		return nil, err
	case subtle.ConstantTimeCompare([]byte(setupHash(in.Token)), []byte(want)) == 0:
		return nil, fault.Deniedf("the set-up token is not the current one: take the address from bootstrap.json in the data directory")
	}
	if _, err := c.Tx.Exec(`delete from settings where name = $1`, setupSetting); err != nil {
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
