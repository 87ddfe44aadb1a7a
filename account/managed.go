package account

import (
	"crypto/sha256"
	"embed"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Managed is a policy that AWS manages, the same in every account.
type Managed struct {
	ARN, Name, Path, ID, Description, Document, Version string
	Ours                                                bool // its content is our own
	CreatedAt                                           time.Time
}

// documents are the contents, by the names of the policies. Those that are AWS's say
// what "AWS managed policies" in the AWS Managed Policy Reference says; docs/policies.md
// tells them from ours.
//
//go:embed managed/*.json
var documents embed.FS

// described is a line of the table of managed policies.
type described struct {
	path, name  string
	ours        bool
	created     string // the day on which AWS made it
	description string
}

const forJobs = "/job-function/"

var descriptions = []described{
	{"/", "AWSBillingReadOnlyAccess", true, "2020-08-27", "Look at bills and costs."},
	{"/", "AWSCloudFormationFullAccess", false, "2019-07-26", "Everything with AWS CloudFormation."},
	{"/", "AWSCloudFormationReadOnlyAccess", true, "2015-02-06", "Look at AWS CloudFormation."},
	{"/", "AWSCloudTrail_FullAccess", true, "2021-02-05", "Everything with AWS CloudTrail, and what trails need."},
	{"/", "AWSCloudTrail_ReadOnlyAccess", true, "2022-06-14", "Look at trails and events of AWS CloudTrail."},
	{"/", "AWSKeyManagementServicePowerUser", false, "2015-02-06", "Create keys of AWS KMS and look at them; not use them."},
	{"/", "AWSLambda_FullAccess", true, "2020-11-17", "Everything with AWS Lambda, and looking at what functions use."},
	{"/", "AWSLambda_ReadOnlyAccess", true, "2020-11-17", "Look at AWS Lambda and the logs of functions."},
	{"/", "AWSOrganizationsFullAccess", false, "2018-11-06", "Everything with AWS Organizations."},
	{"/", "AWSOrganizationsReadOnlyAccess", false, "2018-11-06", "Look at AWS Organizations."},
	{"/", "AWSSSODirectoryAdministrator", false, "2018-10-31", "Manage users and groups of IAM Identity Center."},
	{"/", "AWSSSODirectoryReadOnly", false, "2018-10-31", "Look at users and groups of IAM Identity Center."},
	{"/", "AWSSSOMasterAccountAdministrator", true, "2018-06-27", "Manage IAM Identity Center from the management account."},
	{"/", "AWSSSOMemberAccountAdministrator", false, "2018-06-27", "Manage IAM Identity Center from an account it is delegated to."},
	{"/", "AWSSSOReadOnly", false, "2018-06-27", "Look at IAM Identity Center."},
	{"/", "AWSSupportAccess", false, "2015-02-06", "Everything with AWS Support."},
	{"/", "AdministratorAccess", false, "2015-02-06", "Everything."},
	{"/", "AmazonDynamoDBFullAccess", true, "2015-02-06", "Everything with Amazon DynamoDB, and what tables need."},
	{"/", "AmazonDynamoDBReadOnlyAccess", true, "2015-02-06", "Look at Amazon DynamoDB and read tables."},
	{"/", "AmazonEC2FullAccess", false, "2015-02-06", "Everything with Amazon EC2, load balancers and scaling."},
	{"/", "AmazonEC2ReadOnlyAccess", false, "2015-02-06", "Look at Amazon EC2, load balancers and scaling."},
	{"/", "AmazonRDSFullAccess", true, "2015-02-06", "Everything with Amazon RDS, and what databases need."},
	{"/", "AmazonRDSReadOnlyAccess", true, "2015-02-06", "Look at Amazon RDS."},
	{"/", "AmazonS3FullAccess", false, "2015-02-06", "Everything with Amazon S3."},
	{"/", "AmazonS3ReadOnlyAccess", false, "2015-02-06", "Look at Amazon S3 and read objects."},
	{"/", "AmazonSSMManagedInstanceCore", true, "2019-03-15", "What an instance needs to be managed by AWS Systems Manager."},
	{"/", "AmazonSSMReadOnlyAccess", false, "2015-05-29", "Look at AWS Systems Manager."},
	{"/", "AmazonVPCFullAccess", true, "2015-02-06", "Everything with Amazon VPC."},
	{"/", "AmazonVPCReadOnlyAccess", true, "2015-02-06", "Look at Amazon VPC."},
	{forJobs, "Billing", true, "2016-11-10", "Manage bills, payments and budgets."},
	{"/", "CloudWatchFullAccess", false, "2015-02-06", "Everything with Amazon CloudWatch."},
	{"/", "CloudWatchLogsFullAccess", false, "2015-02-06", "Everything with logs of Amazon CloudWatch."},
	{"/", "CloudWatchLogsReadOnlyAccess", false, "2015-02-06", "Read logs of Amazon CloudWatch."},
	{"/", "CloudWatchReadOnlyAccess", true, "2015-02-06", "Look at Amazon CloudWatch."},
	{forJobs, "DataScientist", true, "2016-11-10", "Analyse data and train models."},
	{forJobs, "DatabaseAdministrator", true, "2016-11-10", "Set up databases and keep them."},
	{"/", "IAMAccessAnalyzerReadOnlyAccess", true, "2019-12-02", "Look at findings of IAM Access Analyzer, and check policies."},
	{"/", "IAMFullAccess", false, "2015-02-06", "Everything with IAM."},
	{"/", "IAMReadOnlyAccess", false, "2015-02-06", "Look at IAM."},
	{"/", "IAMUserChangePassword", false, "2016-11-15", "Change one's own password."},
	{forJobs, "NetworkAdministrator", true, "2016-11-10", "Set up networks and keep them."},
	{"/", "PowerUserAccess", false, "2015-02-06", "Everything but managing users, groups, accounts and organizations."},
	{"/", "ReadOnlyAccess", true, "2015-02-06", "Look at everything, and read data; no secrets."},
	{"/", "SecurityAudit", true, "2015-02-06", "Look at how everything is configured, for an audit."},
	{forJobs, "SupportUser", true, "2016-11-10", "Find the causes of trouble, and ask AWS Support."},
	{forJobs, "SystemAdministrator", true, "2016-11-10", "Set up and keep what applications run on."},
	{forJobs, "ViewOnlyAccess", true, "2016-11-10", "See what there is, and no data."},
}

var managed, managedByARN = readManaged()

// readManaged puts table and contents together; both are part of the program.
func readManaged() (all []Managed, byARN map[string]Managed) {
	byARN = map[string]Managed{}
	for _, d := range descriptions {
		document, err := documents.ReadFile("managed/" + d.name + ".json")
		if err != nil {
			panic(err)
		}
		created, err := time.Parse(time.DateOnly, d.created)
		if err != nil {
			panic(fmt.Sprintf("managed policy %s: %v", d.name, err))
		}
		m := Managed{
			ARN: "arn:aws:iam::aws:policy" + d.path + d.name, Name: d.name, Path: d.path, Description: d.description,
			Document: strings.TrimSpace(string(document)), Version: "v1", Ours: d.ours, CreatedAt: created,
		}
		m.ID = managedID(m.ARN)
		all = append(all, m)
		byARN[m.ARN] = m
	}
	slices.SortFunc(all, func(a, b Managed) int { return strings.Compare(a.Name, b.Name) })
	return all, byARN
}

// managedID makes an id of AWS's form that is the same in every deployment.
func managedID(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// ManagedPolicy finds one by its ARN.
func ManagedPolicy(arn string) (Managed, bool) {
	m, ok := managedByARN[arn]
	return m, ok
}

// ManagedPolicies are all of them, by name.
func ManagedPolicies() []Managed { return slices.Clone(managed) }
