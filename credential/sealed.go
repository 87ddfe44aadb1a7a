package credential

import "github.com/sallyport/sallyport/seal"

// Sealed lists the columns that key rotation has to reach. Those of
// verifications and device_codes are not among them: nobody reads them an hour
// after they were written, long before an old key is dropped.
var Sealed = []seal.Column{
	{Table: "sessions", Name: "address_sealed", Row: "id"},
	{Table: "sessions", Name: "user_agent_sealed", Row: "id"},
	{Table: "access_tokens", Name: "name_sealed", Row: "id"},
	{Table: "signing_keys", Name: "private_sealed", Row: "id"},
	{Table: "access_tokens", Name: "address_sealed", Row: "id"},
}
