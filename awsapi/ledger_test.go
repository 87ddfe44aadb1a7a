package awsapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/operation"
)

// offered is what stands at this door.
func offered() []*operation.Operation {
	return New(&operation.Runner{}, &CodeCatalyst{}, &SSOOIDC{}, &Organizations{}, &IAM{}, &STS{}, &CloudTrail{}, &AccessAnalyzer{}, &IdentityStore{}, &SSOAdmin{}, &SSO{}).Operations()
}

// A member of an input that no method reads would be accepted in silence. Each
// must be read by a method that takes the input, be part of the path the rule
// authorizes, or belong to an operation that is refused as a whole.
func TestEveryInputMemberIsUsed(t *testing.T) {
	read := membersRead(t)
	for _, op := range offered() {
		members := read[path.Base(op.In.PkgPath())+"."+op.In.Name()]
		if members == nil {
			continue // refused: no method takes the input
		}
		for _, field := range reflect.VisibleFields(op.In) {
			if field.Name == "AccessToken" && op.Service.Source == "sso" {
				continue // the portal's credential
			}
			if field.IsExported() && !field.Anonymous && !members[field.Name] && !slices.Contains(op.Rule.Path(), field.Name) {
				t.Errorf("nothing reads %s.%s", op.In.Name(), field.Name)
			}
		}
	}
}

// Every operation of these models is answered: done, or refused by name.
func TestEveryOperationOfTheModelsIsAnswered(t *testing.T) {
	names := map[string]map[string]bool{}
	for _, op := range offered() {
		if names[op.Service.Source] == nil {
			names[op.Service.Source] = map[string]bool{}
		}
		names[op.Service.Source][op.Name] = true
	}
	for _, model := range []struct {
		source  string
		clients []any
		except  []string
	}{
		{"manage", []any{&codecatalyst.Client{}}, nil},
		{"sso-oidc", []any{&ssooidc.Client{}}, []string{"CreateTokenWithIAM"}},
		{"organizations", []any{&organizations.Client{}}, nil},
		{"iam", []any{&iam.Client{}}, nil},
		{"sts", []any{&sts.Client{}}, nil},
		{"identitystore", []any{&identitystore.Client{}}, nil},
		{"sso", []any{&ssoadmin.Client{}, &sso.Client{}}, nil},
	} {
		found := 0
		for _, client := range model.clients {
			for method := range reflect.TypeOf(client).Methods() {
				if method.Type.NumIn() != 4 || method.Name == "Options" || slices.Contains(model.except, method.Name) {
					continue
				}
				found++
				if !names[model.source][method.Name] {
					t.Errorf("%s does not answer %s", model.source, method.Name)
				}
			}
		}
		if found != len(names[model.source]) || found < 3 {
			t.Errorf("%s answers %d operations, its model has %d", model.source, len(names[model.source]), found)
		}
	}
}

// membersRead finds, for each type X that some function has a parameter
// "in *pkg.X" of, the members selected from in.
func membersRead(t *testing.T) map[string]map[string]bool {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]map[string]bool{}
	for _, file := range packages["awsapi"].Files {
		names := importedAs(file)
		for _, declared := range file.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok {
				note(read, function, names)
			}
		}
	}
	return read
}

// importedAs are the packages a file imports, by what it calls them.
func importedAs(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		name := path.Base(strings.Trim(spec.Path.Value, `"`))
		if names[name] = name; spec.Name != nil {
			names[spec.Name.Name] = name
		}
	}
	return names
}

func note(read map[string]map[string]bool, function *ast.FuncDecl, names map[string]string) {
	for _, parameter := range function.Type.Params.List {
		input := inputType(parameter, names)
		if input == "" {
			continue
		}
		if read[input] == nil {
			read[input] = map[string]bool{}
		}
		ast.Inspect(function.Body, func(node ast.Node) bool {
			if selector, ok := node.(*ast.SelectorExpr); ok {
				if on, ok := selector.X.(*ast.Ident); ok && on.Name == "in" {
					read[input][selector.Sel.Name] = true
				}
			}
			return true
		})
	}
}

func inputType(parameter *ast.Field, names map[string]string) string {
	pointer, ok := parameter.Type.(*ast.StarExpr)
	if !ok || len(parameter.Names) != 1 || parameter.Names[0].Name != "in" {
		return ""
	}
	switch named := pointer.X.(type) {
	case *ast.SelectorExpr:
		if from, ok := named.X.(*ast.Ident); ok {
			return names[from.Name] + "." + named.Sel.Name
		}
	case *ast.Ident:
		return "awsapi." + named.Name
	}
	return ""
}
