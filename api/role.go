package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/role"
)

// SpaceRole is the name of a role held in a space, such as "power-user".
type SpaceRole string

// ProjectRole is the name of a role held in a project, such as "contributor".
type ProjectRole string

// Schema lists the roles.
func (SpaceRole) Schema(huma.Registry) *huma.Schema { return roleSchema(role.SpaceRoles()) }

// Schema lists the roles.
func (ProjectRole) Schema(huma.Registry) *huma.Schema { return roleSchema(role.ProjectRoles()) }

func roleSchema(roles []role.Role) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: translate(roles, func(r role.Role) any { return r.Name() })}
}

func (r SpaceRole) parse() (role.Role, error) { return orInvalid(role.ParseSpace(string(r))) }

func (r ProjectRole) parse() (role.Role, error) { return orInvalid(role.ParseProject(string(r))) }

// orInvalid takes the answer of a parser whose errors the caller may read.
func orInvalid[Value any](value Value, err error) (Value, error) {
	if err != nil {
		return value, fault.Invalidf("%w", err)
	}
	return value, nil
}

// SpaceRoleSetting gives a role in a space.
type SpaceRoleSetting struct {
	Role SpaceRole `json:"role"`
}

// ProjectRoleSetting gives a role in a project.
type ProjectRoleSetting struct {
	Role ProjectRole `json:"role"`
}
