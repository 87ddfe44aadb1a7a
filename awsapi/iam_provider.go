package awsapi

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/authn"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
)

// provider finds an identity provider of the caller's account.
func (s *IAM) provider(tx *database.ReadTx, caller authn.Caller, kind account.ProviderKind, arn *string) (account.Provider, error) {
	p, err := s.Accounts.Provider(tx, *arn)
	if err == nil && (p.Kind != kind || p.Account != caller.Principal.ID()) {
		err = fault.NotFoundf("there is no identity provider %.256s of this kind", *arn)
	}
	return p, err
}

// ownProvider finds a provider for a command that changes it.
func (s *IAM) ownProvider(c *operation.Command, kind account.ProviderKind, arn *string) (account.Provider, error) {
	p, err := s.provider(c.Tx.Reading(), c.Caller, kind, arn)
	if err == nil && p.Protected() {
		err = protectedProvider(p.Name)
	}
	return p, err
}

func protectedProvider(name string) error {
	return fault.WithReason(account.ReasonUnmodifiable, fault.Deniedf("Cannot perform the operation on the protected SAML provider '%.128s' - this provider is only modifiable by AWS", name))
}

// changeProvider finds a provider and changes it.
func (s *IAM) changeProvider(c *operation.Command, kind account.ProviderKind, arn *string, patch func(account.Provider) (account.ProviderPatch, error)) error {
	p, err := s.ownProvider(c, kind, arn)
	if err != nil {
		return err
	}
	change, err := patch(p)
	if err != nil {
		return err
	}
	return s.Accounts.ChangeProvider(c.Tx, p, change)
}

func (s *IAM) deleteProvider(c *operation.Command, kind account.ProviderKind, arn *string) error {
	p, err := s.ownProvider(c, kind, arn)
	if err != nil {
		return err
	}
	return s.Accounts.DeleteProvider(c.Tx, p)
}

func (s *IAM) tagProvider(c *operation.Command, kind account.ProviderKind, arn *string, tags []types.Tag) error {
	return s.changeProvider(c, kind, arn, func(p account.Provider) (account.ProviderPatch, error) {
		added, err := newTags(tags)
		if err != nil {
			return account.ProviderPatch{}, err
		}
		all, err := p.Tags.With(added)
		return account.ProviderPatch{Tags: all}, err
	})
}

func (s *IAM) untagProvider(c *operation.Command, kind account.ProviderKind, arn *string, keys []string) error {
	return s.changeProvider(c, kind, arn, func(p account.Provider) (account.ProviderPatch, error) {
		return account.ProviderPatch{Tags: p.Tags.Without(keys)}, nil
	})
}

func (s *IAM) providerTags(q *operation.Query, kind account.ProviderKind, arn, marker *string, asked *int32) ([]types.Tag, *string, error) {
	p, err := s.provider(q.Tx, q.Caller, kind, arn)
	if err != nil {
		return nil, nil, err
	}
	return tagPage(q, marker, asked, p.Tags)
}

func (s *IAM) createOpenIDConnectProvider(c *operation.Command, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	p, err := s.Accounts.CreateProvider(c.Tx, c.Caller.Principal.ID(), account.NewProvider{
		Kind: account.OpenIDConnect, Name: *in.Url, ClientIDs: in.ClientIDList, Thumbprints: in.ThumbprintList, Tags: tags,
	})
	return &iam.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: aws.String(p.ARN()), Tags: tagsOut(p.Tags)}, err
}

func (s *IAM) getOpenIDConnectProvider(q *operation.Query, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	p, err := s.provider(q.Tx, q.Caller, account.OpenIDConnect, in.OpenIDConnectProviderArn)
	return &iam.GetOpenIDConnectProviderOutput{
		Url: &p.Name, ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints, CreateDate: &p.CreatedAt, Tags: tagsOut(p.Tags),
	}, err
}

func (s *IAM) listOpenIDConnectProviders(q *operation.Query, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	providers, err := s.Accounts.Providers(q.Tx, q.Caller.Principal.ID(), account.OpenIDConnect)
	return &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: translate(providers, func(p account.Provider) types.OpenIDConnectProviderListEntry {
		return types.OpenIDConnectProviderListEntry{Arn: aws.String(p.ARN())}
	})}, err
}

func (s *IAM) deleteOpenIDConnectProvider(c *operation.Command, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	return &iam.DeleteOpenIDConnectProviderOutput{}, s.deleteProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn)
}

func (s *IAM) addClientID(c *operation.Command, in *iam.AddClientIDToOpenIDConnectProviderInput) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	return &iam.AddClientIDToOpenIDConnectProviderOutput{}, s.changeProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn, func(p account.Provider) (account.ProviderPatch, error) {
		return account.ProviderPatch{ClientIDs: append(p.ClientIDs, *in.ClientID)}, nil
	})
}

// removeClientID: one that is not there is no fault.
func (s *IAM) removeClientID(c *operation.Command, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return &iam.RemoveClientIDFromOpenIDConnectProviderOutput{}, s.changeProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn, func(p account.Provider) (account.ProviderPatch, error) {
		return account.ProviderPatch{ClientIDs: slices.DeleteFunc(slices.Clone(p.ClientIDs), func(id string) bool { return id == *in.ClientID })}, nil
	})
}

func (s *IAM) updateThumbprint(c *operation.Command, in *iam.UpdateOpenIDConnectProviderThumbprintInput) (*iam.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	return &iam.UpdateOpenIDConnectProviderThumbprintOutput{}, s.changeProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn, func(account.Provider) (account.ProviderPatch, error) {
		return account.ProviderPatch{Thumbprints: in.ThumbprintList}, nil
	})
}

func (s *IAM) tagOpenIDConnectProvider(c *operation.Command, in *iam.TagOpenIDConnectProviderInput) (*iam.TagOpenIDConnectProviderOutput, error) {
	return &iam.TagOpenIDConnectProviderOutput{}, s.tagProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn, in.Tags)
}

func (s *IAM) untagOpenIDConnectProvider(c *operation.Command, in *iam.UntagOpenIDConnectProviderInput) (*iam.UntagOpenIDConnectProviderOutput, error) {
	return &iam.UntagOpenIDConnectProviderOutput{}, s.untagProvider(c, account.OpenIDConnect, in.OpenIDConnectProviderArn, in.TagKeys)
}

func (s *IAM) listOpenIDConnectProviderTags(q *operation.Query, in *iam.ListOpenIDConnectProviderTagsInput) (*iam.ListOpenIDConnectProviderTagsOutput, error) {
	tags, next, err := s.providerTags(q, account.OpenIDConnect, in.OpenIDConnectProviderArn, in.Marker, in.MaxItems)
	return &iam.ListOpenIDConnectProviderTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
}

const (
	noEncryption = "encrypted assertions are not offered by this version of Sallyport: leave AssertionEncryptionMode, AddPrivateKey and RemovePrivateKey out"
	samlMetadata = "urn:oasis:names:tc:SAML:2.0:metadata"
)

func (s *IAM) createSAMLProvider(c *operation.Command, in *iam.CreateSAMLProviderInput) (*iam.CreateSAMLProviderOutput, error) {
	if in.AddPrivateKey != nil || in.AssertionEncryptionMode != "" {
		return nil, fault.Unsupportedf(noEncryption)
	}
	if account.ReservedProvider(*in.Name) {
		return nil, protectedProvider(*in.Name)
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	until, err := readMetadata(*in.SAMLMetadataDocument, c.Tx.Now())
	if err != nil {
		return nil, err
	}
	p, err := s.Accounts.CreateProvider(c.Tx, c.Caller.Principal.ID(), account.NewProvider{
		Kind: account.SAML, Name: *in.Name, Metadata: *in.SAMLMetadataDocument, ExpiresAt: until, Tags: tags,
	})
	return &iam.CreateSAMLProviderOutput{SAMLProviderArn: aws.String(p.ARN()), Tags: tagsOut(p.Tags)}, err
}

func (s *IAM) getSAMLProvider(q *operation.Query, in *iam.GetSAMLProviderInput) (*iam.GetSAMLProviderOutput, error) {
	p, err := s.provider(q.Tx, q.Caller, account.SAML, in.SAMLProviderArn)
	return &iam.GetSAMLProviderOutput{
		SAMLMetadataDocument: &p.Metadata, SAMLProviderUUID: &p.ID, CreateDate: &p.CreatedAt, ValidUntil: endOf(p), Tags: tagsOut(p.Tags),
	}, err
}

func endOf(p account.Provider) *time.Time {
	if p.ExpiresAt.IsZero() {
		return nil
	}
	return &p.ExpiresAt
}

func (s *IAM) updateSAMLProvider(c *operation.Command, in *iam.UpdateSAMLProviderInput) (*iam.UpdateSAMLProviderOutput, error) {
	if in.AddPrivateKey != nil || in.RemovePrivateKey != nil || in.AssertionEncryptionMode != "" {
		return nil, fault.Unsupportedf(noEncryption)
	}
	return &iam.UpdateSAMLProviderOutput{SAMLProviderArn: in.SAMLProviderArn}, s.changeProvider(c, account.SAML, in.SAMLProviderArn, func(account.Provider) (account.ProviderPatch, error) {
		if in.SAMLMetadataDocument == nil {
			return account.ProviderPatch{}, nil
		}
		until, err := readMetadata(*in.SAMLMetadataDocument, c.Tx.Now())
		return account.ProviderPatch{Metadata: in.SAMLMetadataDocument, ExpiresAt: until}, err
	})
}

func (s *IAM) listSAMLProviders(q *operation.Query, _ *iam.ListSAMLProvidersInput) (*iam.ListSAMLProvidersOutput, error) {
	providers, err := s.Accounts.Providers(q.Tx, q.Caller.Principal.ID(), account.SAML)
	return &iam.ListSAMLProvidersOutput{SAMLProviderList: translate(providers, func(p account.Provider) types.SAMLProviderListEntry {
		return types.SAMLProviderListEntry{Arn: aws.String(p.ARN()), CreateDate: &p.CreatedAt, ValidUntil: endOf(p)}
	})}, err
}

func (s *IAM) deleteSAMLProvider(c *operation.Command, in *iam.DeleteSAMLProviderInput) (*iam.DeleteSAMLProviderOutput, error) {
	return &iam.DeleteSAMLProviderOutput{}, s.deleteProvider(c, account.SAML, in.SAMLProviderArn)
}

func (s *IAM) tagSAMLProvider(c *operation.Command, in *iam.TagSAMLProviderInput) (*iam.TagSAMLProviderOutput, error) {
	return &iam.TagSAMLProviderOutput{}, s.tagProvider(c, account.SAML, in.SAMLProviderArn, in.Tags)
}

func (s *IAM) untagSAMLProvider(c *operation.Command, in *iam.UntagSAMLProviderInput) (*iam.UntagSAMLProviderOutput, error) {
	return &iam.UntagSAMLProviderOutput{}, s.untagProvider(c, account.SAML, in.SAMLProviderArn, in.TagKeys)
}

func (s *IAM) listSAMLProviderTags(q *operation.Query, in *iam.ListSAMLProviderTagsInput) (*iam.ListSAMLProviderTagsOutput, error) {
	tags, next, err := s.providerTags(q, account.SAML, in.SAMLProviderArn, in.Marker, in.MaxItems)
	return &iam.ListSAMLProviderTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
}

// readMetadata checks the metadata of a SAML identity provider and tells until when
// it is good; zero: it does not say.
func readMetadata(document string, now time.Time) (time.Time, error) {
	bad := func(why string) (time.Time, error) {
		return time.Time{}, invalidInput("Could not parse metadata: %s", why)
	}
	if err := wellFormed(document); err != nil {
		return bad(err.Error())
	}
	var entity struct {
		XMLName    xml.Name
		EntityID   string `xml:"entityID,attr"`
		ValidUntil string `xml:"validUntil,attr"`
		Identity   *struct {
			Certificates []string `xml:"KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	}
	switch err := xml.Unmarshal([]byte(document), &entity); {
	case err != nil:
		return bad("it is not well-formed XML")
	case entity.XMLName.Space != samlMetadata || entity.XMLName.Local != "EntityDescriptor" || entity.EntityID == "":
		return bad("it must be an EntityDescriptor of " + samlMetadata + " with an entityID")
	case entity.Identity == nil || len(entity.Identity.Certificates) == 0:
		return bad("it must have an IDPSSODescriptor with an X509Certificate")
	}
	for _, text := range entity.Identity.Certificates {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err == nil {
			_, err = x509.ParseCertificate(der)
		}
		if err != nil {
			return bad("an X509Certificate in it is not one")
		}
	}
	if entity.ValidUntil == "" {
		return time.Time{}, nil
	}
	until, err := time.Parse(time.RFC3339, entity.ValidUntil)
	switch {
	case err != nil:
		return bad("its validUntil is not a time")
	case !until.After(now):
		return bad("its validUntil has passed")
	}
	return until.UTC(), nil
}

// deepest is deeper than metadata goes.
const deepest = 64

// wellFormed wants one element and no declarations: entities could stand for more than is seen.
func wellFormed(document string) error {
	decoder := xml.NewDecoder(strings.NewReader(document))
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if err == io.EOF && roots == 1 {
			return nil
		}
		if err != nil {
			return errors.New("it is not well-formed XML")
		}
		switch token.(type) {
		case xml.Directive:
			return errors.New("it must have no document type declaration")
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		}
		if roots > 1 || depth > deepest {
			return errors.New("it must be one element, not too deeply nested")
		}
	}
}
