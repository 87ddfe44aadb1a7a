package account

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/arn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// ProviderKind tells the protocols of identity providers apart.
type ProviderKind string

const (
	OpenIDConnect ProviderKind = "oidc"
	SAML          ProviderKind = "saml"
)

// Provider is an identity provider that an account trusts.
type Provider struct {
	ID          string
	Account     ID
	Kind        ProviderKind
	Name        string // the issuer's URL without https://, or the SAML provider's name
	ClientIDs   []string
	Thumbprints []string
	Metadata    string // of a SAML provider
	Tags        Tags
	CreatedAt   time.Time
	ExpiresAt   time.Time // of a SAML provider; zero: never
}

// ARN names the provider.
func (p Provider) ARN() string { return p.Account.arn(p.Kind.resource() + p.Name) }

func (k ProviderKind) resource() string {
	if k == SAML {
		return "saml-provider/"
	}
	return "oidc-provider/"
}

// Protected tells whether the provider is IAM Identity Center's, which alone changes it.
func (p Provider) Protected() bool { return p.Kind == SAML && ReservedProvider(p.Name) }

var reservedProvider = regexp.MustCompile(`(?i)^AWSSSO_.*_DO_NOT_DELETE$`)

// ReservedProvider tells whether the name of a SAML provider is such a one, in whatever
// case: names that differ in case alone are one name.
func ReservedProvider(name string) bool { return reservedProvider.MatchString(name) }

const selectProvider = `select id, account_id, kind, name, client_ids, thumbprints, metadata_sealed, tags_sealed, created_at, expires_at from identity_providers where `

// Provider finds an identity provider by its ARN.
func (s *Store) Provider(tx *database.ReadTx, name string) (Provider, error) {
	none := fault.NotFoundf("there is no identity provider %.256s", name)
	a, err := arn.Parse(name)
	if err != nil {
		return Provider{}, none
	}
	for _, kind := range []ProviderKind{OpenIDConnect, SAML} {
		rest, ok := strings.CutPrefix(a.Resource, kind.resource())
		if !ok {
			continue
		}
		providers, err := s.providers(tx, `account_id = $1 and kind = $2 and name = $3`, a.Account, kind, rest)
		if err == nil && len(providers) == 1 && providers[0].ARN() == name {
			return providers[0], nil
		}
		if err != nil {
			return Provider{}, err
		}
	}
	return Provider{}, none
}

// Providers lists an account's identity providers of a kind by name.
func (s *Store) Providers(tx *database.ReadTx, id ID, kind ProviderKind) ([]Provider, error) {
	return s.providers(tx, `account_id = $1 and kind = $2 order by name`, id, kind)
}

func (s *Store) providers(tx *database.ReadTx, where string, args ...any) ([]Provider, error) {
	type sealed struct{ metadata, tags []byte }
	var secrets []sealed
	providers, err := database.All(tx, func(row database.Row) (p Provider, err error) {
		var clients, thumbprints string
		var hidden sealed
		var expires *database.Time
		if err := row.Scan(&p.ID, &p.Account, &p.Kind, &p.Name, &clients, &thumbprints, &hidden.metadata, &hidden.tags, (*database.Time)(&p.CreatedAt), &expires); err != nil {
			return p, err
		}
		if expires != nil {
			p.ExpiresAt = time.Time(*expires)
		}
		secrets = append(secrets, hidden)
		return p, errors.Join(json.Unmarshal([]byte(clients), &p.ClientIDs), json.Unmarshal([]byte(thumbprints), &p.Thumbprints))
	}, selectProvider+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range providers {
		p := &providers[i]
		metadata, err := s.open(tx, p.Account, "identity_providers.metadata_sealed", p.ID, secrets[i].metadata)
		if err != nil {
			return nil, err
		}
		p.Metadata = string(metadata)
		if err := s.openJSON(tx, p.Account, "identity_providers.tags_sealed", p.ID, secrets[i].tags, &p.Tags); err != nil {
			return nil, err
		}
	}
	return providers, nil
}

// Quotas of identity providers: "IAM and AWS STS quotas" in the IAM User Guide.
const (
	providersEach   = 100
	clientIDsEach   = 100
	thumbprintsEach = 5
	longestIssuer   = 255
)

// NewProvider is what it takes to create one.
type NewProvider struct {
	Kind        ProviderKind
	Name        string // the issuer's URL, or the SAML provider's name
	ClientIDs   []string
	Thumbprints []string
	Metadata    string    // a SAML provider's, checked
	ExpiresAt   time.Time // when that ends
	Tags        Tags
}

var (
	samlName   = regexp.MustCompile(`^[\w.-]{1,128}$`)
	thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
)

// CreateProvider makes an account trust an identity provider. One that is there is
// Conflict.
func (s *Store) CreateProvider(tx *database.Tx, id ID, n NewProvider) (Provider, error) {
	tags, err := Tags(nil).With(n.Tags)
	if err != nil {
		return Provider{}, err
	}
	p := Provider{ID: uniqueID("PROV", 17), Account: id, Kind: n.Kind, Name: n.Name, Metadata: n.Metadata, Tags: tags, CreatedAt: tx.Now(), ExpiresAt: n.ExpiresAt}
	if p.Kind == OpenIDConnect {
		p.Name, err = issuerName(n.Name)
	} else if !samlName.MatchString(n.Name) {
		err = invalidInput("the name of a SAML provider has 1 to 128 letters, digits and ._-")
	}
	if err == nil {
		p.ClientIDs, err = clientIDs(n.ClientIDs)
	}
	if err == nil {
		p.Thumbprints, err = thumbprints(n.Thumbprints)
	}
	if err != nil {
		return Provider{}, err
	}
	others, err := s.Providers(tx.Reading(), id, p.Kind)
	if err != nil {
		return Provider{}, err
	}
	for _, other := range others {
		if strings.EqualFold(other.Name, p.Name) {
			return Provider{}, fault.Conflictf("Provider with %s already exists.", other.ARN())
		}
	}
	if len(others) >= providersEach {
		return Provider{}, fault.Quotaf("Cannot exceed quota for %s: %d", p.Kind.quota(), providersEach)
	}
	_, err = tx.Exec(`insert into identity_providers (id, account_id, kind, name, client_ids, thumbprints, created_at) values ($1, $2, $3, $4, '[]', '[]', $5)`,
		p.ID, id, p.Kind, p.Name, database.Time(p.CreatedAt))
	if err != nil {
		return Provider{}, err
	}
	return p, s.saveProvider(tx, p)
}

func (k ProviderKind) quota() string {
	if k == SAML {
		return "SAMLProvidersPerAccount"
	}
	return "OpenIdConnectProvidersPerAccount"
}

// issuerName is an issuer's URL as ARNs and condition keys name it. IAM takes no
// port; issuers beside a self-hosted server have one.
func issuerName(issuer string) (string, error) {
	name, https := strings.CutPrefix(issuer, "https://")
	u, err := url.Parse(issuer)
	switch {
	case !https || err != nil || u.Host == "" || len(issuer) > longestIssuer:
		return "", invalidInput("the URL of an identity provider begins with https:// and has at most %d characters", longestIssuer)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(name, "*?#@\\ "):
		return "", invalidInput("the URL of an identity provider has a host and a path, and nothing else")
	case u.Host != strings.ToLower(u.Host) || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", invalidInput("the URL of an identity provider has a host in lower case, and no characters beyond ASCII")
	}
	return name, nil
}

func clientIDs(list []string) ([]string, error) {
	out := []string{}
	for _, id := range list {
		if id == "" || len(id) > longestIssuer {
			return nil, invalidInput("a client ID has 1 to %d characters", longestIssuer)
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) > clientIDsEach {
		return nil, fault.Quotaf("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", clientIDsEach)
	}
	return out, nil
}

func thumbprints(list []string) ([]string, error) {
	if len(list) > thumbprintsEach {
		return nil, invalidInput("Thumbprint list must contain at most %d entries.", thumbprintsEach)
	}
	out := []string{}
	for _, text := range list {
		if !thumbprint.MatchString(text) {
			return nil, invalidInput("a thumbprint is the 40 hexadecimal digits of a certificate's SHA-1 hash, %.64q is not", text)
		}
		out = append(out, strings.ToLower(text))
	}
	return out, nil
}

// ProviderPatch changes what is not nil.
type ProviderPatch struct {
	ClientIDs   []string
	Thumbprints []string
	Metadata    *string // with ExpiresAt
	ExpiresAt   time.Time
	Tags        Tags
}

// ChangeProvider changes a provider, in place.
func (s *Store) ChangeProvider(tx *database.Tx, p Provider, patch ProviderPatch) (err error) {
	if patch.ClientIDs != nil {
		if p.ClientIDs, err = clientIDs(patch.ClientIDs); err != nil {
			return err
		}
	}
	if patch.Thumbprints != nil {
		if p.Thumbprints, err = thumbprints(patch.Thumbprints); err != nil {
			return err
		}
	}
	if patch.Metadata != nil {
		p.Metadata, p.ExpiresAt = *patch.Metadata, patch.ExpiresAt
	}
	if patch.Tags != nil {
		p.Tags = patch.Tags
	}
	return s.saveProvider(tx, p)
}

func (s *Store) saveProvider(tx *database.Tx, p Provider) error {
	clients, err := json.Marshal(p.ClientIDs)
	if err != nil {
		return err
	}
	prints, err := json.Marshal(p.Thumbprints)
	if err != nil {
		return err
	}
	metadata, err := s.seal(tx, p.Account, "identity_providers.metadata_sealed", p.ID, []byte(p.Metadata))
	if err != nil {
		return err
	}
	tags, err := s.sealJSON(tx, p.Account, "identity_providers.tags_sealed", p.ID, p.Tags)
	if err != nil {
		return err
	}
	var expires *database.Time
	if !p.ExpiresAt.IsZero() {
		expires = (*database.Time)(&p.ExpiresAt)
	}
	_, err = tx.Exec(`update identity_providers set client_ids = $1, thumbprints = $2, metadata_sealed = $3, tags_sealed = $4, expires_at = $5 where id = $6`,
		string(clients), string(prints), metadata, tags, expires, p.ID)
	return err
}

// DeleteProvider ends the trust in a provider. Sessions it has vouched for go on to
// their end, as in IAM.
func (s *Store) DeleteProvider(tx *database.Tx, p Provider) error {
	_, err := tx.Exec(`delete from identity_providers where id = $1`, p.ID)
	return err
}

func (s *Store) providerResource(tx *database.ReadTx, owner ID, name string) (*Resource, error) {
	p, err := s.Provider(tx, name)
	if fault.Is(err, fault.NotFound) {
		return &Resource{ARN: name, Account: owner}, nil
	}
	return &Resource{ARN: name, Account: owner, Tags: p.Tags}, err
}
