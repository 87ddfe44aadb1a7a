package api

import (
	"time"

	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/operation"
)

// Profile is who the caller is.
type Profile struct {
	UserID      string    `json:"userId"`
	Alias       string    `json:"alias"`
	Email       string    `json:"email"`
	DisplayName string    `json:"displayName"`
	CreatedAt   time.Time `json:"createdAt"`
}

// UpdateProfileInput changes what is not nil.
type UpdateProfileInput struct{ Body ProfilePatch }

// ProfilePatch is a change of a profile. Alias and address stay.
type ProfilePatch struct {
	DisplayName *string `json:"displayName,omitempty"`
}

func (a *API) profileRoutes() []route {
	return []route{
		read("GetProfile", "GET /profile", "Who you are", a.getProfile, authz.SignedIn()),
		write("UpdateProfile", "PATCH /profile", "Change what you are called", a.updateProfile, authz.SignedIn()),
	}
}

func (a *API) getProfile(q *operation.Query, _ *Empty) (*Profile, error) {
	return one(profile)(a.Directory.User(q.Tx, q.Caller.UserID))
}

func (a *API) updateProfile(c *operation.Command, in *UpdateProfileInput) (*Profile, error) {
	if in.Body.DisplayName != nil {
		if err := a.Directory.SetDisplayName(c.Tx, c.Caller.UserID, *in.Body.DisplayName); err != nil {
			return nil, err
		}
	}
	return one(profile)(a.Directory.User(c.Tx.Reading(), c.Caller.UserID))
}

func profile(u directory.User) Profile {
	return Profile{UserID: string(u.ID), Alias: u.Alias, Email: u.Email, DisplayName: u.DisplayName, CreatedAt: u.CreatedAt}
}
