package awsapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/operation"
)

// A member of an input that no method reads would be accepted in silence. Each
// must be read by a method that takes the input, be part of the path the rule
// authorizes, or belong to an operation that is refused as a whole.
func TestEveryInputMemberIsUsed(t *testing.T) {
	read := membersRead(t)
	door := New(&operation.Runner{}, &CodeCatalyst{}, &SSOOIDC{})
	if len(door.Operations()) != 38+3 {
		t.Errorf("%d operations are offered; the two models have 38 and 3", len(door.Operations()))
	}
	for _, op := range door.Operations() {
		members := read[op.In.Name()]
		if members == nil {
			continue // refused: no method takes the input
		}
		for _, field := range reflect.VisibleFields(op.In) {
			if field.IsExported() && !members[field.Name] && !slices.Contains(op.Rule.Path(), field.Name) {
				t.Errorf("nothing reads %s.%s", op.In.Name(), field.Name)
			}
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
	selector, ok := pointer.X.(*ast.SelectorExpr)
	if !ok || len(parameter.Names) != 1 || parameter.Names[0].Name != "in" {
		return ""
	}
	return selector.Sel.Name
}
