package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/directory"
)

// presented is a pair that a Git client sends, and whose it is.
type presented struct {
	alias, secret string
	user          directory.UserID
}

// token checks personal access tokens that are known, beside the least that could:
// a SHA-256 and a look into a map.
func (b *bench) token() (err error) {
	data := filepath.Join(b.tmp, "token")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	s, err := openStores(b.ctx, data, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	users := b.size.signedIn
	b.say("token: making %d tokens of %d users", 100*users, users)
	var known []presented
	for i := range users {
		if err := s.db.Write(b.ctx, func(tx *database.Tx) error {
			made, err := s.tokensOf(tx, fmt.Sprint("holder", i))
			known = append(known, made...)
			return err
		}); err != nil {
			return err
		}
	}
	hashes := make(map[[sha256.Size]byte]directory.UserID, len(known))
	for _, p := range known {
		hashes[sha256.Sum256([]byte(p.secret))] = p.user
	}
	asks := make([]presented, b.size.questions)
	random := rand.New(rand.NewPCG(5, 5))
	for i := range asks { // copies: none is found to be the same by its address
		p := known[random.IntN(len(known))]
		asks[i] = presented{strings.Clone(p.alias), strings.Clone(p.secret), directory.UserID(strings.Clone(string(p.user)))}
	}
	// A turn is short, that few are disturbed, and what a round tells is the median of its
	// turns.
	turns := slices.Collect(slices.Chunk(asks, min(len(asks), 512)))
	var of, to []time.Duration
	for round := range b.rounds + 1 { // in the first one they are remembered
		var checked, looked []time.Duration
		if err := s.db.Read(b.ctx, func(tx *database.ReadTx) error {
			for i, turn := range turns {
				// Whoever comes second finds the texts in the processor's cache.
				for _, first := range []bool{i%2 == 0, i%2 != 0} {
					begun := time.Now()
					if first {
						err := s.check(tx, turn)
						if checked = append(checked, time.Since(begun)); err != nil {
							return err
						}
						continue
					}
					err := look(hashes, turn)
					if looked = append(looked, time.Since(begun)); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if round > 0 {
			of, to = append(of, median(checked)), append(to, median(looked))
		}
	}
	each := func(d time.Duration) string {
		return fmt.Sprintf("%.0f ns", float64(d.Nanoseconds())/float64(len(turns[0])))
	}
	b.report(figure{
		name: fmt.Sprintf("token T=%d", len(known)), what: "alias and token / SHA-256 and a map", samples: ratios(of, to), unit: "x", bound: 2,
		note: each(median(of)) + " / " + each(median(to)),
	})
	return nil
}

func (s *stores) check(tx *database.ReadTx, asks []presented) error {
	for i := range asks {
		who, err := s.credentials.AuthenticateAccessToken(tx, asks[i].alias, asks[i].secret)
		if err != nil || who.UserID != asks[i].user {
			return fmt.Errorf("a token of %s is %v: %w", asks[i].user, who, err)
		}
	}
	return nil
}

func look(hashes map[[sha256.Size]byte]directory.UserID, asks []presented) error {
	for i := range asks {
		if hashes[sha256.Sum256([]byte(asks[i].secret))] != asks[i].user {
			return errors.New("the map is wrong")
		}
	}
	return nil
}

// tokensOf makes somebody with as many tokens as one user can have.
func (s *stores) tokensOf(tx *database.Tx, alias string) (made []presented, err error) {
	user, err := s.directory.Create(tx, directory.NewUser{Alias: alias, Email: alias + "@example.com", DisplayName: alias})
	if err != nil {
		return nil, err
	}
	for range 100 {
		_, secret, err := s.credentials.CreateAccessToken(tx, user.ID, credential.NewAccessToken{Name: "bench"})
		if err != nil {
			return nil, err
		}
		made = append(made, presented{alias, string(secret), user.ID})
	}
	return made, nil
}
