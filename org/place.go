package org

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/policy"
)

// Place is what decisions need to know of an account's organization.
type Place struct {
	Organization ID
	Management   account.ID
	// Path is the way to the account's parent, as aws:PrincipalOrgPaths has it:
	// o-x/r-x/ou-a/ou-b/
	Path string
	// ServiceControl and ResourceControl are the policies over the account, one entry
	// for each level from the root to the account itself. Nil while the type is not
	// enabled, and for the management account, which they do not touch.
	ServiceControl, ResourceControl [][]policy.Named
}

// Place is where an account stands; nil when it is in no organization. What it
// returns is shared.
func (s *Store) Place(tx *database.ReadTx, id account.ID) (*Place, error) {
	return s.places.Get(tx, id, func() (*Place, error) {
		member, err := s.Member(tx, id)
		if fault.HasReason(err, ReasonNotInUse) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		p := &Place{Organization: member.Organization, Management: member.of.Management, Path: member.ParentPath}
		if id != p.Management {
			p.ServiceControl, p.ResourceControl, err = s.controls(tx, p.Organization, append(levels(p.Path), string(id)))
		}
		return p, err
	})
}

// controls compiles the control policies along a path.
func (s *Store) controls(tx *database.ReadTx, in ID, path []string) (services, resources [][]policy.Named, err error) {
	attached, err := s.attachedOnPath(tx, in, path, []PolicyType{ServiceControl, ResourceControl})
	if err != nil {
		return nil, nil, err
	}
	for i, level := range attached {
		for _, a := range level {
			kind, to := policy.ServiceControl, &services
			if a.kind == ResourceControl {
				kind, to = policy.ResourceControl, &resources
			}
			compiled, err := s.compiled.Policy(kind, a.content)
			if err != nil {
				return nil, nil, err
			}
			if *to == nil { // every target has one while the type is enabled
				*to = make([][]policy.Named, len(path))
			}
			(*to)[i] = append((*to)[i], policy.Named{Name: string(a.id) + " on " + path[i], Policy: compiled})
		}
	}
	return services, resources, nil
}

// attachedPolicy is a policy that stands on a path.
type attachedPolicy struct {
	target                string
	id                    PolicyID
	kind                  PolicyType
	content               string
	updatedAt, attachedAt time.Time
}

// longestPath is a root, the units below it and an account.
const longestPath = maxDepth + 2

// attachedOnPath finds the policies of some types attached along a path, level by
// level, each in the order they were attached.
func (s *Store) attachedOnPath(tx *database.ReadTx, in ID, path []string, of []PolicyType) ([][]attachedPolicy, error) {
	args := []any{in}
	for i := range longestPath {
		target := ""
		if i < len(path) {
			target = path[i]
		}
		args = append(args, target)
	}
	rows, err := database.All(tx, func(row database.Row) (a attachedPolicy, err error) {
		var content *string
		err = row.Scan(&a.target, &a.id, &a.kind, (*database.Time)(&a.attachedAt), &content, (*database.Time)(&a.updatedAt))
		if content != nil {
			a.content = *content
		} else {
			a.content = managed[a.id].Content
		}
		return a, err
	}, `select a.target_id, a.policy_id, a.type, a.attached_at, p.content, p.updated_at
		from organization_attachments a left join organization_policies p on p.id = a.policy_id
		where a.organization_id = $1 and a.target_id in ($2, $3, $4, $5, $6, $7, $8) order by a.attached_at, a.policy_id`, args...)
	if err != nil {
		return nil, err
	}
	found := make([][]attachedPolicy, len(path))
	for _, a := range rows {
		if level := slices.Index(path, a.target); level >= 0 && slices.Contains(of, a.kind) {
			found[level] = append(found[level], a)
		}
	}
	return found, nil
}
