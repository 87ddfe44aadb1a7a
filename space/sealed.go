package space

import "github.com/sallyport/sallyport/seal"

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "spaces", Name: "description_sealed", Row: "id", Space: "id"},
	{Table: "projects", Name: "description_sealed", Row: "id", Space: "space_id"},
	{Table: "teams", Name: "description_sealed", Row: "id", Space: "space_id"},
	{Table: "invitations", Name: "email_sealed", Row: "id", Space: "space_id"},
}
