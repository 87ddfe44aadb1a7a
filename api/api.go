// Package api is the native API: everything Sallyport can be asked that AWS never
// gave an API, and what it did once more in the same terms. The console's pages and
// the command line ask the same operations.
//
//	request ─> huma's mux ─> operation.Runner ──────────────> problem or answer
//	                           │ who asks, then
//	                           └─ decode: huma reads and checks the input
//
// Each noun has a file with its types, its table of routes and its methods. The
// types are the document at /api/openapi.json: what a member is called and whether
// it may be left out is said once, in its tags. Rules about values are the domain's.
//
// Version 1 changes by addition alone: operations, optional members of inputs,
// members of outputs.
package api

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/sallyport/sallyport/account"
	"github.com/sallyport/sallyport/accountside"
	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/connection"
	"github.com/sallyport/sallyport/credential"
	"github.com/sallyport/sallyport/database"
	"github.com/sallyport/sallyport/delivery"
	"github.com/sallyport/sallyport/directory"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/identitycenter"
	"github.com/sallyport/sallyport/job"
	"github.com/sallyport/sallyport/mail"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/repo"
	"github.com/sallyport/sallyport/space"
	"github.com/sallyport/sallyport/trust"
)

// Version is the version of this API, as its paths name it.
const Version = "v1"

const base = "/api/" + Version

// API offers the operations of this package.
type API struct {
	Directory    *directory.Store
	Credentials  *credential.Store
	Spaces       *space.Store
	Centers      *identitycenter.Store
	Connections  *connection.Store
	Repositories *repo.Store
	Deliveries   *delivery.Store
	Sides        *accountside.Client
	// Mint makes the tokens that AWS is shown.
	Mint       func(*database.ReadTx, trust.Claims) (string, error)
	Accounts   *account.Store
	Authorizer *authz.Authorizer
	Audit      *audit.Log
	Mail       *mail.Sender
	Jobs       *job.Queue
	// PublicURL is the address that mails point to, scheme and host.
	PublicURL string
}

func (a *API) routes() []route {
	return slices.Concat(
		a.serverRoutes(), a.profileRoutes(), a.sessionRoutes(), a.tokenRoutes(),
		a.spaceRoutes(), a.memberRoutes(), a.projectRoutes(), a.teamRoutes(),
		a.invitationRoutes(), a.eventRoutes(), a.accessRoutes(), a.accountReportRoutes(), a.identityRoutes(),
		a.connectionRoutes(), a.acceptanceRoutes(), a.environmentRoutes(), a.credentialsRoutes(), a.vpcRoutes(),
		a.spaceTokenRoutes(), a.gitCredentialRoutes(), a.repositoryRoutes(), a.branchRoutes(), a.pipelineRoutes(), a.pipelineAcceptanceRoutes(),
	)
}

// Empty is the input or answer of operations that have nothing to say.
type Empty struct{}

// Door serves /api/.
type Door struct {
	runner     *operation.Runner
	mux        *http.ServeMux
	operations []*operation.Operation
	document   []byte
}

// New makes the door.
func New(runner *operation.Runner, a *API) *Door {
	d := &Door{runner: runner, mux: http.NewServeMux()}
	service := &operation.Service{Source: "sallyport", Scope: credential.ScopeManage}
	docs := humago.New(d.mux, humaConfig())
	schemas := docs.OpenAPI().Components.Schemas
	problem := problemResponse(schemas)
	for _, r := range a.routes() {
		r.op.Service = service
		r.register(docs, r.document(d.answer(r), problem))
		d.operations = append(d.operations, r.op)
	}
	tidy(docs.OpenAPI())
	d.document, _ = json.Marshal(docs.OpenAPI()) // texts, numbers and lists: cannot fail
	d.mux.HandleFunc("GET /api/openapi.json", d.serveDocument)
	d.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, operation.RequestOf(r), fault.NotFoundf("no operation has this method and path: see /api/openapi.json"))
	})
	return d
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Operations is everything that can be asked through this door.
func (d *Door) Operations() []*operation.Operation { return d.operations }

func (d *Door) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	w.Write(d.document)
}

// tidy corrects what huma says of itself: nobody is ever answered with its own form
// of a problem, and answers may get further members within a version.
func tidy(document *huma.OpenAPI) {
	schemas := document.Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	asked := map[*huma.Schema]bool{}
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op != nil && op.RequestBody != nil {
				asked[document.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)] = true
			}
		}
	}
	for _, schema := range schemas {
		if !asked[schema] {
			schema.AdditionalProperties = nil
		}
	}
}

// humaConfig leaves out what huma would serve by itself: its pages of documentation
// load scripts from elsewhere.
func humaConfig() huma.Config {
	config := huma.DefaultConfig("Sallyport", Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // they add $schema members
	config.Info.Description = "Who is in which space and project, with which role, and why. Ask with an access token of the scope " + credential.ScopeManage + "; about the account side, with a signature."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", Description: "An access token of the scope " + credential.ScopeManage + ", from /aws/token."},
		signedScheme: {Type: "apiKey", In: "header", Name: "Authorization", Description: "AWS Signature Version 4, of the service " + signingName + ", by a principal of an account.",
			Extensions: map[string]any{"x-amazon-apigateway-authtype": "awsSigv4"}},
	}
	config.Transformers = []huma.Transformer{keepRefusal}
	config.RejectUnknownQueryParameters = true
	return config
}
