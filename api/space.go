package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/seal"
	"github.com/sallyport/sallyport/space"
)

// The paths most operations are below.
const (
	inSpace   = "/spaces/{space}"
	inProject = inSpace + "/projects/{project}"
)

// Space is a tenant.
type Space struct {
	ID          string    `json:"id" doc:"What trust policies name it by"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Region      string    `json:"region"`
	CreatedAt   time.Time `json:"createdAt"`
	TokenDays   int       `json:"tokenDays,omitempty" doc:"For how many days the personal access tokens used in it may be made; absent: any"`
}

// CreateSpaceInput asks for a space.
type CreateSpaceInput struct{ Body NewSpace }

// NewSpace is what creating a space takes.
type NewSpace struct {
	Name        string `json:"name" doc:"Unique, and never used again"`
	Description string `json:"description,omitempty"`
}

// ListSpacesInput asks for the caller's spaces.
type ListSpacesInput struct{ Page }

// GetSpaceInput names a space.
type GetSpaceInput struct {
	Space string `path:"space" doc:"Name of the space"`
}

// UpdateSpaceInput changes a space.
type UpdateSpaceInput struct {
	Space string `path:"space" doc:"Name of the space"`
	Body  SpacePatch
}

// SpacePatch changes what is not nil.
type SpacePatch struct {
	Description *string `json:"description,omitempty"`
}

// DeleteSpaceInput ends a space. RFC 9110 section 9.3.5 gives the body of a DELETE
// no meaning, and proxies drop it, so the confirmation is in the query.
type DeleteSpaceInput struct {
	Space   string `path:"space" doc:"Name of the space"`
	Confirm string `query:"confirm" doc:"Required: the name of the space once more, as it is written"`
}

func (a *API) spaceRoutes() []route {
	return []route{
		create("CreateSpace", "POST /spaces", "Create a space", a.createSpace, authz.SignedIn()),
		read("ListSpaces", "GET /spaces", "The spaces you are a member of", a.listSpaces, authz.SignedIn()),
		read("GetSpace", "GET "+inSpace, "One space", a.getSpace, authz.Space(role.ViewSpace, "{Space}")),
		write("UpdateSpace", "PATCH "+inSpace, "Change a space's description", a.updateSpace, authz.Space(role.EditSpace, "{Space}")),
		write("DeleteSpace", "DELETE "+inSpace, "Delete a space with everything in it", a.deleteSpace, authz.Space(role.DeleteSpace, "{Space}")),
	}
}

func (a *API) createSpace(c *operation.Command, in *CreateSpaceInput) (*Space, error) {
	made, err := a.Spaces.Create(c.Tx, c.Caller.UserID, space.NewSpace{Name: in.Body.Name, Description: in.Body.Description})
	c.RecordIn(seal.Space(string(made.ID)))
	return one(spaceShown)(made, err)
}

func (a *API) listSpaces(q *operation.Query, in *ListSpacesInput) (*List[Space], error) {
	return list(in.Page, func(p space.Page) ([]space.Space, error) {
		return a.Spaces.List(q.Tx, q.Caller.UserID, p)
	}, func(s space.Space) string { return s.Name }, each(spaceShown))
}

func (a *API) getSpace(q *operation.Query, _ *GetSpaceInput) (*Space, error) {
	return one(spaceShown)(a.Spaces.Space(q.Tx, q.Grant.Space.ID))
}

func (a *API) updateSpace(c *operation.Command, in *UpdateSpaceInput) (*Space, error) {
	if in.Body.Description == nil {
		return one(spaceShown)(a.Spaces.Space(c.Tx.Reading(), c.Grant.Space.ID))
	}
	return one(spaceShown)(a.Spaces.Update(c.Tx, c.Grant.Space.ID, *in.Body.Description))
}

func (a *API) deleteSpace(c *operation.Command, in *DeleteSpaceInput) (*Empty, error) {
	if in.Confirm != c.Grant.Space.Name {
		return nil, fault.Invalidf("this deletes the space with everything in it, for good: repeat its name, %s, to confirm", c.Grant.Space.Name)
	}
	c.RecordIn(seal.Directory) // the space's own log goes with its key
	return &Empty{}, a.Spaces.Delete(c.Tx, c.Grant.Space.ID)
}

func spaceShown(s space.Space) Space {
	return Space{ID: string(s.ID), Name: s.Name, Description: s.Description, Region: s.Region, CreatedAt: s.CreatedAt, TokenDays: int(s.TokenLifetime / day)}
}
