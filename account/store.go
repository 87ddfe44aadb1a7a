// Package account owns AWS accounts and what IAM and STS keep in each: users,
// groups and roles, their policies, identity providers, access keys and
// temporary credentials.
//
// It knows who somebody is and which policies speak for them; whether those
// allow a request is for package policy to say, and which organization an account is in
// for package org.
//
//	access key ──> Principal ──> Authority: identity policies, boundary, session policies
//	role name  ──> Resource: its ARN, tags, trust policy
//
// An account's personal data and secrets are sealed under a key of its own.
// Policies and names are not: they say who may do what, as the grants of a
// space do.
package account

import (
	"crypto/rand"
	"encoding/json"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/seal"
)

// Store keeps the account side. It is safe for concurrent use.
type Store struct {
	Keys *seal.Keys

	accounts    database.Memo[ID, Account]
	signers     database.Memo[string, *Signer]
	authorities database.Memo[string, *Authority] // by access key
	located     database.Memo[located, *Resource]
	compiled    Compiler
}

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "accounts", Name: "email_sealed", Row: "id", Account: "id"},
	{Table: "entities", Name: "description_sealed", Row: "id", Account: "account_id"},
	{Table: "entities", Name: "tags_sealed", Row: "id", Account: "account_id"},
	{Table: "policies", Name: "description_sealed", Row: "id", Account: "account_id"},
	{Table: "policies", Name: "tags_sealed", Row: "id", Account: "account_id"},
	{Table: "identity_providers", Name: "metadata_sealed", Row: "id", Account: "account_id"},
	{Table: "identity_providers", Name: "tags_sealed", Row: "id", Account: "account_id"},
	{Table: "access_keys", Name: "secret_sealed", Row: "id", Account: "account_id"},
	{Table: "temporary_credentials", Name: "secret_sealed", Row: "id", Account: "account_id"},
	{Table: "temporary_credentials", Name: "detail_sealed", Row: "id", Account: "account_id"},
}

func (s *Store) seal(tx *database.Tx, id ID, column, row string, plain []byte) ([]byte, error) {
	key, err := s.Keys.Key(tx.Reading(), id.Scope())
	if err != nil {
		return nil, err
	}
	return key.Seal(column, row, plain)
}

// open reads what seal made; nothing stays nothing.
func (s *Store) open(tx *database.ReadTx, id ID, column, row string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	key, err := s.Keys.Key(tx, id.Scope())
	if err != nil {
		return nil, err
	}
	return key.Open(column, row, sealed)
}

// sealJSON seals a value; an empty one is nothing.
func (s *Store) sealJSON(tx *database.Tx, id ID, column, row string, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return s.seal(tx, id, column, row, plain)
}

func (s *Store) openJSON(tx *database.ReadTx, id ID, column, row string, sealed []byte, into any) error {
	plain, err := s.open(tx, id, column, row, sealed)
	if err != nil || plain == nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// uniqueID makes an id of IAM's form: four letters that tell the kind, and
// random ones. See "IAM identifiers" in the IAM User Guide.
func uniqueID(prefix string, random int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	text := make([]byte, random)
	rand.Read(text)
	for i := range text {
		text[i] = alphabet[text[i]%32]
	}
	return prefix + string(text)
}
