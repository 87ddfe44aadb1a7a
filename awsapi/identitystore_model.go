package awsapi

import (
	"errors"
	"net/http"
	"regexp"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/wire"
)

var identityStoreErrors = jsonErrors.with(errorTable{
	kinds: map[fault.Kind]code{
		fault.NotFound:    {http.StatusBadRequest, "ResourceNotFoundException"},
		fault.Conflict:    {http.StatusBadRequest, "ConflictException"},
		fault.Quota:       {http.StatusBadRequest, "ServiceQuotaExceededException"},
		fault.Unsupported: {http.StatusBadRequest, "ValidationException"},
		fault.Internal:    {http.StatusInternalServerError, "InternalServerException"},
	},
	// The other reasons of the model are about customer managed keys.
	members: func(f *fault.Error) map[string]string {
		var what identitycenter.Missing
		switch {
		case errors.As(f, &what) && what.ID != "":
			return map[string]string{"ResourceType": string(what.Type), "ResourceId": what.ID}
		case errors.As(f, &what):
			return map[string]string{"ResourceType": string(what.Type)}
		case f.Reason == identitycenter.ReasonNotUnique || f.Reason == identitycenter.ReasonChanged:
			return map[string]string{"Reason": string(f.Reason)}
		}
		return nil
	},
})

// Ids of the service, each of which may be given as an ARN.
var (
	userPattern  = resourcePattern("user")
	groupPattern = resourcePattern("group")
)

func resourcePattern(kind string) *regexp.Regexp {
	return regexp.MustCompile(`\A(?:arn:aws:identitystore:::` + kind + `/)?(?:[0-9a-f]{10}-)?[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}\z`)
}

// identityStoreConstraints is what the service model (2020-06-15) demands of inputs.
// What it demands of attributes is known to package identitycenter, which meets them
// in other places, too.
var identityStoreConstraints = func() wire.Constraints {
	id := func(kind string) wire.Constraint {
		return wire.Constraint{Required: true, Min: 1, Max: 100, Pattern: resourcePattern(kind)}
	}
	text, one, none := wire.Constraint{Min: 1}, wire.Constraint{Min: 1, Max: 1}, wire.Constraint{}
	return wire.Constraints{
		"IdentityStoreId": {Required: true, Min: 1, Max: 100,
			Pattern: regexp.MustCompile(`\A(?:(?:arn:aws:identitystore::\d{12}:identitystore/)?d-[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\z`)},
		"UserId": id("user"), "GroupId": id("group"), "MembershipId": id("membership"),
		"MemberId": {Required: true}, "GroupIds": {Required: true, Min: 1, Max: 100}, "AlternateIdentifier": {Required: true},
		"Operations": {Required: true, Min: 1, Max: 100}, "Revision": text, "Filters": {Max: 1},
		"MaxResults": {Min: 1, Max: identityStorePage}, "NextToken": {Min: 1, Max: 65_535, Pattern: regexp.MustCompile(`\A[-a-zA-Z0-9+=/:_]*\z`)},

		"UserName": text, "DisplayName": text, "NickName": text, "ProfileUrl": text, "UserType": text, "Title": text, "PreferredLanguage": text,
		"Locale": text, "Timezone": text, "Birthdate": text, "Website": text, "Description": text,
		"Name": none, "Emails": one, "Addresses": one, "PhoneNumbers": one, "Roles": one, "Photos": {Min: 1, Max: 3},
		"Extensions": {Min: 1, Max: 10}, "NetworkConfiguration": {Required: true},
	}
}()
