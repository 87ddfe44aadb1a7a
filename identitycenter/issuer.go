package identitycenter

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// IssuerID is a trusted token issuer's: tti- and a UUID.
type IssuerID string

// Issuer is an OpenID Connect provider whose tokens applications may bring.
type Issuer struct {
	ID        IssuerID
	Account   account.ID // that made it
	Name      string
	URL       string
	CreatedAt time.Time
	Mapping

	in Instance
}

// Mapping says whose user a token is about.
type Mapping struct {
	Claim     string       `json:"claim"`     // path in the token
	Attribute string       `json:"attribute"` // path in the identity store that has the same value
	Keys      string       `json:"keys"`      // how the issuer's keys are found
	Tags      account.Tags `json:"tags,omitempty"`
}

const issuerPrefix = "trustedTokenIssuer/"

// ARN names the issuer.
func (i Issuer) ARN() string {
	return arn.ARN{Partition: "aws", Service: "sso", Account: string(i.Account), Resource: issuerPrefix + string(i.in.ID) + "/" + string(i.ID)}.String()
}

// Center is the instance that trusts the issuer.
func (i Issuer) Center() Instance { return i.in }

var (
	claimPath = regexp.MustCompile(`^\p{L}+(?:\.\p{L}+){0,2}$`)
	storePath = regexp.MustCompile(`^\p{L}+(?:[.:]\p{L}+){0,4}$`)
)

func (m Mapping) check() error {
	switch {
	case !claimPath.MatchString(m.Claim) || len(m.Claim) > 255:
		return fault.Invalidf("%.255q is not the path of a claim, such as email", m.Claim)
	case !storePath.MatchString(m.Attribute) || len(m.Attribute) > 255:
		return fault.Invalidf("%.255q is not the path of an attribute, such as emails.value", m.Attribute)
	}
	return nil
}

// NewIssuer is what it takes to trust one.
type NewIssuer struct {
	Account     account.ID
	Name, URL   string
	ClientToken string // asking again with it is no second request; empty: none
	Mapping
}

// CreateIssuer makes an instance trust an issuer. A second one with the same URL is
// Conflict.
func (s *Store) CreateIssuer(tx *database.Tx, in Instance, n NewIssuer) (Issuer, error) {
	u, err := url.Parse(n.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(n.URL) > 512 {
		return Issuer{}, fault.Invalidf("%.512q is not the URL of an issuer: it begins with https:// and has no query", n.URL)
	}
	if err := checkName("a trusted token issuer", n.Name, 255); err != nil {
		return Issuer{}, err
	}
	if err := n.Mapping.check(); err != nil {
		return Issuer{}, err
	}
	if n.Tags, err = account.Tags(nil).With(n.Tags); err != nil {
		return Issuer{}, err
	}
	if n.ClientToken != "" {
		again, err := s.issuers(tx.Reading(), in, `instance_id = $1 and account_id = $2 and client_token = $3`, in.ID, n.Account, n.ClientToken)
		switch {
		case err != nil:
			return Issuer{}, err
		case len(again) > 0 && again[0].Name == n.Name && again[0].URL == n.URL:
			return again[0], nil
		case len(again) > 0:
			return Issuer{}, otherToken()
		}
	}
	taken := fault.Conflictf("The instance trusts the issuer %.512s already.", n.URL)
	switch there, err := exists(tx.Reading(), `select 1 from trusted_token_issuers where instance_id = $1 and issuer_url = $2`, in.ID, n.URL); {
	case err != nil:
		return Issuer{}, err
	case there:
		return Issuer{}, taken
	}
	if err := room(tx.Reading(), in, "trusted_token_issuers", "trusted token issuers", maxIssuers); err != nil {
		return Issuer{}, err
	}
	i := Issuer{ID: IssuerID("tti-" + uuid.NewString()), Account: n.Account, Name: n.Name, URL: n.URL, CreatedAt: tx.Now(), Mapping: n.Mapping, in: in}
	details, err := s.sealIn(tx, in, "trusted_token_issuers.details_sealed", string(i.ID), i.Mapping)
	if err != nil {
		return Issuer{}, err
	}
	_, err = tx.Exec(`insert into trusted_token_issuers (id, instance_id, scope, account_id, name, issuer_url, details_sealed, client_token, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, i.ID, in.ID, in.Scope(), i.Account, i.Name, i.URL, details, orNull(n.ClientToken), database.Time(i.CreatedAt))
	if database.IsDuplicate(err) {
		err = taken
	}
	return i, err
}

func (s *Store) issuers(tx *database.ReadTx, in Instance, where string, args ...any) ([]Issuer, error) {
	return database.All(tx, func(row database.Row) (i Issuer, err error) {
		var details []byte
		if err := row.Scan(&i.ID, &i.Account, &i.Name, &i.URL, &details, (*database.Time)(&i.CreatedAt)); err != nil {
			return i, err
		}
		i.in = in
		return i, s.openIn(tx, in, "trusted_token_issuers.details_sealed", string(i.ID), details, &i.Mapping)
	}, `select id, account_id, name, issuer_url, details_sealed, created_at from trusted_token_issuers where `+where, args...)
}

// Issuer finds one of the instance's by its ARN.
func (s *Store) Issuer(tx *database.ReadTx, in Instance, name string) (Issuer, error) {
	found, err := s.issuers(tx, in, `id = $1 and instance_id = $2`, name[strings.LastIndexByte(name, '/')+1:], in.ID)
	if err == nil && (len(found) == 0 || found[0].ARN() != name) {
		err = fault.NotFoundf("TrustedTokenIssuer not found.")
	}
	if err != nil {
		return Issuer{}, err
	}
	return found[0], nil
}

// Issuers are the instance's, by id.
func (s *Store) Issuers(tx *database.ReadTx, in Instance, page Page) ([]Issuer, error) {
	return s.issuers(tx, in, `instance_id = $1 and id > $2 order by id limit $3`, in.ID, page.After, page.limit())
}

// SaveIssuer writes a changed one down: its name and mapping.
func (s *Store) SaveIssuer(tx *database.Tx, i Issuer) error {
	if err := checkName("a trusted token issuer", i.Name, 255); err != nil {
		return err
	}
	if err := i.Mapping.check(); err != nil {
		return err
	}
	details, err := s.sealIn(tx, i.in, "trusted_token_issuers.details_sealed", string(i.ID), i.Mapping)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update trusted_token_issuers set name = $1, details_sealed = $2 where id = $3`, i.Name, details, i.ID)
	return err
}

// DeleteIssuer ends the trust. Grants of applications forget the issuer.
func (s *Store) DeleteIssuer(tx *database.Tx, i Issuer) error {
	applications, err := s.Applications(tx.Reading(), i.in, ApplicationFilter{}, Page{})
	if err != nil {
		return err
	}
	for _, a := range applications {
		found := false
		for _, grant := range a.Grants {
			if _, ok := grant.Issuers[i.ARN()]; ok {
				delete(grant.Issuers, i.ARN())
				found = true
			}
		}
		if !found {
			continue
		}
		if err := s.SaveApplication(tx, a); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`delete from trusted_token_issuers where id = $1`, i.ID)
	return err
}
