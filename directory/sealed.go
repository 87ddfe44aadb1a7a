package directory

import "github.com/sallyport/sallyport/seal"

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "users", Name: "email_sealed", Row: "id"},
	{Table: "users", Name: "display_name_sealed", Row: "id"},
}
