package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// finder finds where a file can be mutated.
type finder struct {
	*file
	pkg   string
	edits []*edit
	stack []ast.Node // from the declaration's body to the parent of the visited node
	in    string
	seen  map[string]int // mutations by what they are and where
}

// find returns the file's edits, each with mutants that have no id yet.
func find(t *target, f *file) []*edit {
	c := &finder{file: f, pkg: t.name, seen: map[string]int{}}
	for _, declaration := range f.syntax.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			c.in = functionName(d)
			c.visit(d.Body)
		case *ast.GenDecl:
			c.visitVariables(d)
		}
	}
	return c.edits
}

func (c *finder) visitVariables(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
			c.in = v.Names[0].Name
			c.visit(v)
		}
	}
}

func functionName(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	receiver, _, _ := strings.Cut(types.ExprString(d.Recv.List[0].Type), "[")
	return strings.TrimPrefix(receiver, "*") + "." + d.Name.Name
}

func (c *finder) visit(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			c.stack = c.stack[:len(c.stack)-1]
			return true
		}
		if c.isLeftAlone(n) {
			return false
		}
		switch n := n.(type) {
		case ast.Stmt:
			c.mutateStatement(n)
		case ast.Expr:
			c.mutateExpression(n)
			if c.info.Types[n].Value != nil {
				return false // a constant is mutated as a whole
			}
		}
		c.stack = append(c.stack, n)
		return true
	})
}

// parent is the node around the visited one; with n, the n-th around that. It is nil
// outside.
func (c *finder) parent(n int) ast.Node {
	if i := len(c.stack) - 1 - n; i >= 0 {
		return c.stack[i]
	}
	return nil
}

// isLeftAlone says that neither the node nor what is in it is mutated: types, what
// must be a constant, and what only makes words for a person.
func (c *finder) isLeftAlone(n ast.Node) bool {
	switch parent := c.parent(0).(type) {
	case *ast.KeyValueExpr:
		if n == parent.Key {
			return true
		}
	case *ast.CaseClause:
		s, ok := c.parent(2).(*ast.SwitchStmt)
		if e, isExpression := n.(ast.Expr); isExpression && slices.Contains(parent.List, e) && (!ok || s.Tag != nil) {
			return true
		}
	case *ast.CallExpr:
		if len(parent.Args) == 3 && n == parent.Args[2] && types.ExprString(parent.Fun) == "make" {
			return true // a capacity
		}
	}
	switch n := n.(type) {
	case *ast.FuncType, *ast.ArrayType, *ast.MapType, *ast.StructType, *ast.InterfaceType, *ast.ChanType:
		return true
	case *ast.GenDecl:
		return n.Tok != token.VAR
	case *ast.CallExpr:
		return c.makesWords(n)
	}
	return false
}

// makesWords says that the call makes or logs a text, or a part of one.
func (c *finder) makesWords(call *ast.CallExpr) bool {
	switch types.ExprString(call.Fun) {
	case "fmt.Errorf", "fmt.Sprintf", "cloud.Errorf", "errors.New":
		return true
	}
	signature, ok := c.info.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return false
	}
	return isLogger(signature) || signature.Results().Len() == 1 && isLogField(signature.Results().At(0).Type())
}

// isLogger says that values of the type write lines of the log.
func isLogger(t types.Type) bool {
	signature, ok := t.(*types.Signature)
	if !ok || !signature.Variadic() {
		return false
	}
	last, ok := signature.Params().At(signature.Params().Len() - 1).Type().(*types.Slice)
	return ok && isLogField(last.Elem())
}

func isLogField(t types.Type) bool {
	return types.Unalias(t).String() == "go.uber.org/zap/zapcore.Field"
}

// point returns a mutant at the node.
func (c *finder) point(n ast.Node, what string) *mutant {
	m := &mutant{pkg: c.pkg, file: c.path, line: c.fset.Position(n.Pos()).Line, in: c.in, what: what}
	c.seen[m.key()]++
	m.nth = c.seen[m.key()]
	return m
}

// replace puts another text in the place of the node.
func (c *finder) replace(n ast.Node, text func(inner) string, mutants ...*mutant) {
	c.edits = append(c.edits, &edit{c.offset(n.Pos()), c.offset(n.End()), mutants, text})
}

func (c *finder) offset(p token.Pos) int { return c.fset.Position(p).Offset }

// inside is the node's text with the edits in it carried out.
func (c *finder) inside(n ast.Node, inner inner) string {
	return inner(c.offset(n.Pos()), c.offset(n.End()))
}

// words is the node's text for a person, on one line.
func (c *finder) words(n ast.Node) string {
	text := strings.Join(strings.Fields(string(c.source[c.offset(n.Pos()):c.offset(n.End())])), " ")
	if runes := []rune(text); len(runes) > 70 {
		return fmt.Sprintf("%s…", string(runes[:70]))
	}
	return text
}
