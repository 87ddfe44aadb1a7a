package awsapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sallyport/sallyport/operation"
)

// offered is what stands at this door.
func offered() []*operation.Operation {
	return New(&operation.Runner{}, &CodeCatalyst{}, &SSOOIDC{}, &Organizations{}, &IAM{}, &STS{}, &CloudTrail{}, &AccessAnalyzer{}).Operations()
}

// A member of an input that no method reads would be accepted in silence. Each
// must be read by a method that takes the input, be part of the path the rule
// authorizes, or belong to an operation that is refused as a whole.
func TestEveryInputMemberIsUsed(t *testing.T) {
	read := membersRead(t)
	for _, op := range offered() {
		members := read[op.In.Name()]
		if members == nil {
			continue // refused: no method takes the input
		}
		for _, field := range reflect.VisibleFields(op.In) {
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
		source string
		client any
		except []string
	}{
		{"manage", &codecatalyst.Client{}, nil},
		{"sso-oidc", &ssooidc.Client{}, []string{"CreateTokenWithIAM"}},
		{"organizations", &organizations.Client{}, nil},
		{"iam", &iam.Client{}, nil},
		{"sts", &sts.Client{}, nil},
	} {
		client, found := reflect.TypeOf(model.client), 0
		for i := range client.NumMethod() {
			method := client.Method(i)
			if method.Type.NumIn() != 4 || method.Name == "Options" || slices.Contains(model.except, method.Name) {
				continue
			}
			found++
			if !names[model.source][method.Name] {
				t.Errorf("%s does not answer %s", model.source, method.Name)
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
	ast.Inspect(packages["awsapi"], func(node ast.Node) bool {
		function, ok := node.(*ast.FuncDecl)
		if !ok {
			return true
		}
		for _, parameter := range function.Type.Params.List {
			input := inputType(parameter)
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
		return true
	})
	return read
}

func inputType(parameter *ast.Field) string {
	pointer, ok := parameter.Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	if len(parameter.Names) != 1 || parameter.Names[0].Name != "in" {
		return ""
	}
	switch named := pointer.X.(type) {
	case *ast.SelectorExpr:
		return named.Sel.Name
	case *ast.Ident:
		return named.Name
	}
	return ""
}
