package sallyporttest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/role"
)

// Link is one link of the way from a project into an account, broken, and the answer
// that whoever asks then gets: the same over every surface.
type Link struct {
	What string
	// Break breaks it, on a way of its own, and says what to ask for.
	Break  func(*Connected, Way) Asked
	Status int
	Says   string // a part of the answer
}

// Asked is whose credentials for what are asked for.
type Asked struct {
	As                                     *Principal
	Project, Environment, Connection, Role string
	Compute                                string
}

// Links are all of them, in the order of the way.
func Links() []Link {
	plain := func(c *Connected, w Way) Asked {
		return Asked{As: c.Developer, Project: "web", Environment: w.Environment}
	}
	trusting := func(policy func(*Connected) string) func(*Connected, Way) Asked {
		return func(c *Connected, w Way) Asked {
			c.Trust(w, policy(c))
			return plain(c, w)
		}
	}
	return []Link{
		{"nothing is broken", plain, http.StatusOK, ""},
		{"caller: who is not in the space", func(c *Connected, w Way) Asked {
			return Asked{As: c.User("outsider"), Project: "web", Environment: w.Environment}
		}, http.StatusForbidden, `there is no space "acme", or you are not a member of it`},
		{"caller: a Reviewer", func(c *Connected, w Way) Asked {
			return Asked{As: c.Reviewer, Project: "web", Environment: w.Environment}
		}, http.StatusForbidden, "wf.start needs"},
		{"caller: a Power user who is not in the project", func(c *Connected, w Way) Asked {
			p := c.User("power")
			p.Joins(c.Space, role.PowerUser)
			return Asked{As: p, Project: "web", Environment: w.Environment}
		}, http.StatusForbidden, "wf.start needs"},
		{"project: there is none, for who may act on all", func(c *Connected, w Way) Asked {
			return Asked{As: c.Owner, Project: "nope", Environment: w.Environment}
		}, http.StatusNotFound, `no project "nope"`},
		{"project: there is none, for everybody else", func(c *Connected, w Way) Asked {
			return Asked{As: c.Developer, Project: "nope", Environment: w.Environment}
		}, http.StatusForbidden, "wf.start needs"},
		{"environment: there is none", func(c *Connected, w Way) Asked {
			return Asked{As: c.Developer, Project: "web", Environment: "staging-" + w.Environment}
		}, http.StatusNotFound, "Value for account connection or environment not valid: the project web has no environment"},
		{"environment: another project's", func(c *Connected, w Way) Asked {
			c.Developer.Contributes(c.Owner.Project(c.Space, "other"), role.Contributor)
			return Asked{As: c.Developer, Project: "other", Environment: w.Environment}
		}, http.StatusNotFound, "Value for account connection or environment not valid: the project other has no environment"},
		{"connection: the environment has none", func(c *Connected, w Way) Asked {
			c.Ask(c.Admin, "PATCH", "/spaces/acme/projects/web/environments/"+w.Environment, `{"connection":""}`, http.StatusOK)
			return plain(c, w)
		}, http.StatusConflict, "has no account connection; a Project administrator can give it one"},
		{"connection: another than the environment's", func(c *Connected, w Way) Asked {
			return Asked{As: c.Developer, Project: "web", Environment: w.Environment, Connection: "prod"}
		}, http.StatusBadRequest, "Value for account connection or environment not valid: the connection \"prod\" is not associated with the environment"},
		{"connection: deleted by the space", func(c *Connected, w Way) Asked {
			c.Ask(c.Owner, "DELETE", "/spaces/acme/connections/"+w.Name, "", http.StatusNoContent)
			return plain(c, w)
		}, http.StatusConflict, "is deleted, which is for good; a Project administrator can give the environment another"},
		{"connection: deleted by the account", func(c *Connected, w Way) Asked {
			c.Sign(w.Keeper, "DELETE", "/account/connections/"+w.Connection, "", http.StatusNoContent)
			return plain(c, w)
		}, http.StatusConflict, "is deleted, which is for good; a Project administrator can give the environment another"},
		{"connection: deleted and made again under its name", func(c *Connected, w Way) Asked {
			c.Ask(c.Owner, "DELETE", "/spaces/acme/connections/"+w.Name, "", http.StatusNoContent)
			c.Connect(w.Root.Account, w.Keeper, w.Name)
			return plain(c, w)
		}, http.StatusConflict, "is deleted, which is for good; a Project administrator can give the environment another"},
		{"connection: to an account that is closed", func(c *Connected, w Way) Asked {
			c.Write(func(tx *database.Tx) error { return c.Accounts.Close(tx, w.Root.Account) })
			return plain(c, w)
		}, http.StatusConflict, "is closed; a Project administrator can give the environment another connection"},
		{"restriction: to no project", func(c *Connected, w Way) Asked {
			c.Ask(c.Owner, "PUT", "/spaces/acme/connections/"+w.Name+"/restriction", `{"projects":[]}`, http.StatusOK)
			return plain(c, w)
		}, http.StatusForbidden, "Connection name not valid: the connection"},
		{"restriction: lifted again", func(c *Connected, w Way) Asked {
			c.Ask(c.Owner, "PUT", "/spaces/acme/connections/"+w.Name+"/restriction", `{"projects":[]}`, http.StatusOK)
			c.Ask(c.Owner, "DELETE", "/spaces/acme/connections/"+w.Name+"/restriction", "", http.StatusOK)
			return plain(c, w)
		}, http.StatusOK, ""},
		{"restriction: to this project", func(c *Connected, w Way) Asked {
			c.Ask(c.Owner, "PUT", "/spaces/acme/connections/"+w.Name+"/restriction", `{"projects":["web"]}`, http.StatusOK)
			return plain(c, w)
		}, http.StatusOK, ""},
		{"role: none is named, and there is no default", func(c *Connected, w Way) Asked {
			c.Ask(c.Admin, "PATCH", "/spaces/acme/projects/web/environments/"+w.Environment, `{"role":""}`, http.StatusOK)
			return plain(c, w)
		}, http.StatusConflict, "has no default role; name one, or a Project administrator can choose one"},
		{"role: not on the connection", func(c *Connected, w Way) Asked {
			w.Root.Role("other", TrustPolicy("ArnLike", c.AnyProject()), Everything)
			return Asked{As: c.Developer, Project: "web", Environment: w.Environment, Role: "other"}
		}, http.StatusNotFound, "Role not available: the role \"other\" is not on the connection"},
		{"role: by its ARN", func(c *Connected, w Way) Asked {
			return Asked{As: c.Developer, Project: "web", Environment: w.Environment, Role: w.Role}
		}, http.StatusNotFound, "Role not available"},
		{"role: taken back by the account", func(c *Connected, w Way) Asked {
			c.Sign(w.Keeper, "DELETE", "/account/connections/"+w.Connection+"/roles/deploy", "", http.StatusNoContent)
			return plain(c, w)
		}, http.StatusNotFound, "Role not available: the role \"deploy\" is not on the connection"},
		{"role: for another purpose", func(c *Connected, w Way) Asked {
			c.Sign(w.Keeper, "POST", "/account/connections/"+w.Connection+"/roles", fmt.Sprintf(`{"roleArn":%q,"purposes":["SERVICE"]}`, w.Role), http.StatusCreated)
			return plain(c, w)
		}, http.StatusForbidden, "for the purpose SERVICE alone; somebody of the account"},
		{"vpc: deleted", func(c *Connected, w Way) Asked {
			c.vpc(w)
			c.Ask(c.Owner, "DELETE", "/spaces/acme/vpc-connections/"+w.Name, "", http.StatusNoContent)
			return plain(c, w)
		}, http.StatusNotFound, "was deleted; a Project administrator can choose another, or none"},
		{"vpc: not for Lambda", func(c *Connected, w Way) Asked {
			c.vpc(w)
			return Asked{As: c.Developer, Project: "web", Environment: w.Environment, Compute: "LAMBDA"}
		}, http.StatusBadRequest, "where nothing runs on Lambda; choose EC2, or another environment"},
		{"vpc: its network is gone", func(c *Connected, w Way) Asked {
			c.vpc(w)
			c.Sign(w.Keeper, "DELETE", "/account/networks/vpc-0a1b2c3d", "", http.StatusNoContent)
			return plain(c, w)
		}, http.StatusNotFound, "has no VPC \"vpc-0a1b2c3d\""},
		{"vpc: as it should be", func(c *Connected, w Way) Asked {
			c.vpc(w)
			return plain(c, w)
		}, http.StatusOK, ""},
		{"trust: another space", trusting(func(*Connected) string {
			return TrustPolicy("ArnLike", "arn:aws:codecatalyst:::space/11111111-aaaa-4000-8000-000000000001/project/*")
		}), http.StatusForbidden, "IAM role value not valid: the role deploy does not exist or is not set up properly"},
		{"trust: another project", trusting(func(c *Connected) string {
			return TrustPolicy("StringEquals", c.ThisProject()[:len(c.ThisProject())-1]+"x")
		}), http.StatusForbidden, "IAM role value not valid"},
		{"trust: this project", trusting(func(c *Connected) string { return TrustPolicy("StringEquals", c.ThisProject()) }), http.StatusOK, ""},
		{"trust: the other service alone", trusting(func(*Connected) string {
			return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"codecatalyst.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		}), http.StatusForbidden, "IAM role value not valid"},
		{"trust: the role was deleted", func(c *Connected, w Way) Asked {
			if _, err := w.Root.IAM().DeleteRolePolicy(context.Background(), &iam.DeleteRolePolicyInput{RoleName: aws.String("deploy"), PolicyName: aws.String("test")}); err != nil {
				c.t.Fatal(err)
			}
			if _, err := w.Root.IAM().DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: aws.String("deploy")}); err != nil {
				c.t.Fatal(err)
			}
			return plain(c, w)
		}, http.StatusForbidden, "IAM role value not valid: the role deploy does not exist or is not set up properly"},
	}
}

// Trust gives the role of a way another trust policy.
func (c *Connected) Trust(w Way, document string) {
	c.t.Helper()
	if _, err := w.Root.IAM().UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("deploy"), PolicyDocument: &document}); err != nil {
		c.t.Fatal(err)
	}
}

// vpc puts the environment of a way into a VPC of its account.
func (c *Connected) vpc(w Way) {
	c.t.Helper()
	c.Sign(w.Keeper, "PUT", "/account/networks/vpc-0a1b2c3d", `{"region":"us-west-2","cidr":"10.0.0.0/16","subnets":[{"id":"subnet-0a1b2c3d","cidr":"10.0.1.0/24","private":true}],"securityGroups":["sg-0a1b2c3d"]}`, http.StatusOK)
	c.Ask(c.Owner, "POST", "/spaces/acme/vpc-connections", fmt.Sprintf(`{"name":%q,"connection":%[1]q,"role":"deploy","vpc":"vpc-0a1b2c3d","subnets":["subnet-0a1b2c3d"],"securityGroups":["sg-0a1b2c3d"]}`, w.Name), http.StatusCreated)
	c.Ask(c.Admin, "PATCH", "/spaces/acme/projects/web/environments/"+w.Environment, fmt.Sprintf(`{"vpcConnection":%q}`, w.Name), http.StatusOK)
}
