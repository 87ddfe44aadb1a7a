package repo

import "github.com/sallyport/sallyport/seal"

// Sealed lists the columns that key rotation has to reach.
var Sealed = []seal.Column{
	{Table: "repositories", Name: "description_sealed", Row: "id", Space: "space_id"},
}
