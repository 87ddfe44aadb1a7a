package account

import (
	"crypto/hmac"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/fault"
)

// linkedServices are the services that have a service-linked role, with what
// stands after AWSServiceRoleFor in its name: "AWS services that work with IAM" in
// the IAM User Guide. None of them runs here: the role is what tools expect to find.
var linkedServices = map[string]struct {
	role     string
	suffixed bool // more than one may be, each with a suffix
}{
	"access-analyzer.amazonaws.com":                     {role: "AccessAnalyzer"},
	"autoscaling.amazonaws.com":                         {"AutoScaling", true},
	"cloudtrail.amazonaws.com":                          {role: "CloudTrail"},
	"config.amazonaws.com":                              {role: "Config"},
	"ecs.amazonaws.com":                                 {role: "ECS"},
	"eks.amazonaws.com":                                 {role: "AmazonEKS"},
	"elasticache.amazonaws.com":                         {role: "ElastiCache"},
	"elasticloadbalancing.amazonaws.com":                {role: "ElasticLoadBalancing"},
	"guardduty.amazonaws.com":                           {role: "AmazonGuardDuty"},
	"lex.amazonaws.com":                                 {"LexBots", true},
	"member.org.stacksets.cloudformation.amazonaws.com": {role: "CloudFormationStackSetsOrgMember"},
	"opensearchservice.amazonaws.com":                   {role: "AmazonOpenSearchService"},
	"organizations.amazonaws.com":                       {role: "Organizations"},
	"rds.amazonaws.com":                                 {role: "RDS"},
	"replication.dynamodb.amazonaws.com":                {role: "DynamoDBReplication"},
	"securityhub.amazonaws.com":                         {role: "SecurityHub"},
	"spot.amazonaws.com":                                {role: "EC2Spot"},
	"sso.amazonaws.com":                                 {role: "SSO"},
	"ssm.amazonaws.com":                                 {role: "AmazonSSM"},
	"support.amazonaws.com":                             {role: "Support"},
	"transitgateway.amazonaws.com":                      {role: "VPCTransitGateway"},
	"trustedadvisor.amazonaws.com":                      {role: "TrustedAdvisor"},
}

const linkedPrefix = "AWSServiceRoleFor"

// linkedName is the name of a service's role; empty when the service has none.
func linkedName(service, suffix string) string {
	of, ok := linkedServices[service]
	if !ok {
		return ""
	}
	if suffix != "" {
		suffix = "_" + suffix
	}
	return linkedPrefix + of.role + suffix
}

// NewLinked is what it takes to make a service-linked role.
type NewLinked struct {
	Service     string // autoscaling.amazonaws.com
	Suffix      string // of services that may have several
	Description string
}

// CreateLinked makes the role that a service acts by, which it alone may assume
// and change.
func (s *Store) CreateLinked(tx *database.Tx, id ID, n NewLinked) (Entity, error) {
	of, ok := linkedServices[n.Service]
	switch {
	case !ok:
		return Entity{}, invalidInput("The service %s has no service-linked role here.", n.Service)
	case n.Suffix != "" && !of.suffixed:
		return Entity{}, invalidInput("Custom suffix is not allowed for %s", n.Service)
	}
	name := linkedName(n.Service, n.Suffix)
	switch _, err := s.Entity(tx.Reading(), id, Role, name); {
	case err == nil:
		return Entity{}, invalidInput("Service role name %s has been taken in this account, please try a different suffix.", name)
	case !fault.Is(err, fault.NotFound):
		return Entity{}, err
	}
	role, err := s.CreateEntity(tx, id, NewEntity{
		Kind: Role, Name: name, Path: serviceRolePath + n.Service + "/", Description: n.Description,
		Trust: fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, n.Service),
	})
	if err != nil {
		return Entity{}, err
	}
	permissions := "arn:aws:iam::aws:policy" + serviceRolePath + of.role + "ServiceRolePolicy"
	if _, known := ManagedPolicy(permissions); known {
		err = s.AttachPolicy(tx, role, permissions)
	}
	return role, err
}

// Deletion is a task that was given out for deleting a service-linked role. Only
// [Store.DeleteLinked] makes one that [Store.Deleted] believes.
type Deletion string

// DeleteLinked removes a service-linked role and what hangs on it, unless its service has
// a use for it: then the task has failed.
func (s *Store) DeleteLinked(tx *database.Tx, role Entity, used func(service string) (bool, error)) (Deletion, error) {
	if !role.Linked() {
		return "", invalidInput("The role %s is not a service-linked role.", role.Name)
	}
	// aws-service-role/SERVICE/ROLE, as in the role's ARN, when, and the seal of it.
	task := fmt.Sprintf("task%s%s/%d", role.Path, role.Name, tx.Now().UnixMicro())
	seal, err := s.taskSeal(tx.Reading(), role.Account, task)
	if err != nil {
		return "", err
	}
	inUse, err := used(strings.Trim(strings.TrimPrefix(role.Path, serviceRolePath), "/"))
	if err == nil && !inUse {
		if _, err = tx.Exec(`delete from attached_policies where entity_id = $1`, role.ID); err == nil {
			err = s.DeleteEntity(tx, role)
		}
	}
	return Deletion(task + "-" + seal), err
}

// taskSeal shows that a task is one of ours: the deletion itself leaves nothing behind.
func (s *Store) taskSeal(tx *database.ReadTx, id ID, task string) (string, error) {
	key, err := s.Keys.Key(tx, id.Scope())
	if err != nil {
		return "", err
	}
	hash, err := key.Hash("deletion task", []byte(task))
	return hex.EncodeToString(hash)[:32], err
}

// Deleted tells what became of a task; NotFound when it is not one of this account. A
// task is over when it is given out: it has failed if the role that was there is
// there still.
func (s *Store) Deleted(tx *database.ReadTx, id ID, d Deletion) (bool, error) {
	end := max(0, strings.LastIndexByte(string(d), '-')) // names of services have dashes, too
	task, seal := string(d[:end]), strings.TrimPrefix(string(d[end:]), "-")
	genuine, err := s.taskSeal(tx, id, task)
	if err != nil {
		return false, err
	}
	parts := strings.Split(task, "/") // task, aws-service-role, SERVICE, ROLE, when
	if !hmac.Equal([]byte(genuine), []byte(seal)) || len(parts) != 5 {
		return false, fault.NotFoundf("The task id %.256s is not one of this account.", d)
	}
	at, err := strconv.ParseInt(parts[4], 10, 64)
	if err != nil {
		return false, err
	}
	role, err := s.Entity(tx, id, Role, parts[3])
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return role.CreatedAt.UnixMicro() >= at, err
}

// linkedResource is the role that "SERVICE/SUFFIX" would get.
func (s *Store) linkedResource(tx *database.ReadTx, in ID, rest string) (*Resource, error) {
	service, suffix, _ := strings.Cut(rest, "/")
	return s.locateARN(tx, in, in.arn(string(Role)+serviceRolePath+service+"/"+linkedName(service, suffix)))
}

// deletionResource is the role whose deletion a task is.
func (s *Store) deletionResource(tx *database.ReadTx, in ID, rest string) (*Resource, error) {
	role := rest
	if at := strings.LastIndexByte(rest, '/'); at >= 0 {
		role = rest[:at]
	}
	return s.locateARN(tx, in, in.arn(string(Role)+"/"+role))
}

func invalidInput(format string, args ...any) error {
	return fault.WithReason(ReasonInvalidInput, fault.Invalidf(format, args...))
}
