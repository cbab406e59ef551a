package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

func (c *finder) mutateExpression(e ast.Expr) {
	tv := c.info.Types[e]
	if tv.Type == nil || !tv.IsValue() {
		return
	}
	if isBool(tv.Type) && tv.Value == nil && c.isNegatable(e) {
		m := c.point(e, "!("+c.words(e)+")")
		c.replace(e, func(inner inner) string { return fmt.Sprintf("((%s) != mutOn(%d))", c.inside(e, inner), m.id) }, m)
	}
	if isDuration(tv.Type) && c.isMeasure(e) {
		m := c.point(e, c.words(e)+" doubled")
		c.replace(e, func(inner inner) string { return fmt.Sprintf("mutTwice(%d, %s)", m.id, c.inside(e, inner)) }, m)
	}
	if tv.Value != nil && isInteger(tv.Type) {
		more, less := c.point(e, c.words(e)+" → +1"), c.point(e, c.words(e)+" → -1")
		c.replace(e, func(inner inner) string {
			return fmt.Sprintf("mutNumber(%d, %d, %s(%s))", more.id, less.id, tv.Type, c.inside(e, inner))
		}, more, less)
	}
	if b, ok := e.(*ast.BinaryExpr); ok && tv.Value == nil {
		c.mutateBinary(b)
	}
}

// isNegatable says that the truth of e decides something, and that nothing in it is
// negated to the same effect.
func (c *finder) isNegatable(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ParenExpr, *ast.UnaryExpr:
		return false
	case *ast.BinaryExpr:
		if _, inBinary := c.parent(0).(*ast.BinaryExpr); inBinary || e.Op != token.LAND && e.Op != token.LOR {
			return false
		}
	}
	switch parent := c.parent(0).(type) {
	case *ast.IfStmt, *ast.ForStmt, *ast.BinaryExpr, *ast.UnaryExpr, *ast.ReturnStmt, *ast.CaseClause, *ast.CallExpr, *ast.KeyValueExpr:
		return true
	case *ast.AssignStmt:
		return slices.Contains(parent.Rhs, e)
	}
	return false
}

// isMeasure says that e is a duration that something is done with.
func (c *finder) isMeasure(e ast.Expr) bool {
	if value := c.info.Types[e].Value; value != nil && value.ExactString() == "0" {
		return false
	}
	switch parent := c.parent(0).(type) {
	case *ast.CallExpr:
		return slices.Contains(parent.Args, e) && !c.info.Types[parent.Fun].IsType()
	case *ast.BinaryExpr:
		return true
	}
	return false
}

// comparisons are the helpers for those that have a boundary, and what they are when
// the boundary is on the other side, and when they are negated.
var comparisons = map[token.Token]struct {
	helper            string
	boundary, negated token.Token
}{
	token.LSS: {"mutLess", token.LEQ, token.GEQ},
	token.LEQ: {"mutAtMost", token.LSS, token.GTR},
	token.GTR: {"mutMore", token.GEQ, token.LEQ},
	token.GEQ: {"mutAtLeast", token.GTR, token.LSS},
}

func (c *finder) mutateBinary(b *ast.BinaryExpr) {
	becomes := func(op token.Token) *mutant {
		return c.point(b, fmt.Sprintf("%s → %s", c.words(b), op))
	}
	switch b.Op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		kind := comparisons[b.Op]
		boundary, negated := becomes(kind.boundary), becomes(kind.negated)
		c.replace(b, func(inner inner) string {
			return fmt.Sprintf("%s(%d, %d, %s, %s)", kind.helper, boundary.id, negated.id, c.inside(b.X, inner), c.inside(b.Y, inner))
		}, boundary, negated)
	case token.EQL, token.NEQ:
		m := becomes(map[token.Token]token.Token{token.EQL: token.NEQ, token.NEQ: token.EQL}[b.Op])
		c.replace(b, func(inner inner) string {
			return fmt.Sprintf("((%s %s %s) != mutOn(%d))", c.inside(b.X, inner), b.Op, c.inside(b.Y, inner), m.id)
		}, m)
	case token.LAND, token.LOR:
		m := becomes(map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}[b.Op])
		helper := map[token.Token]string{token.LAND: "mutAnd", token.LOR: "mutOr"}[b.Op]
		c.replace(b, func(inner inner) string {
			return fmt.Sprintf("%s(%d, %s, func() bool { return %s })", helper, m.id, c.inside(b.X, inner), c.inside(b.Y, inner))
		}, m)
	case token.ADD, token.SUB:
		if !isNumber(c.info.TypeOf(b)) {
			return
		}
		m := becomes(map[token.Token]token.Token{token.ADD: token.SUB, token.SUB: token.ADD}[b.Op])
		helper := map[token.Token]string{token.ADD: "mutSum", token.SUB: "mutDifference"}[b.Op]
		c.replace(b, func(inner inner) string {
			return fmt.Sprintf("%s(%d, %s, %s)", helper, m.id, c.inside(b.X, inner), c.inside(b.Y, inner))
		}, m)
	}
}

func isBool(t types.Type) bool {
	basic, ok := t.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

// isInteger says that t is an integer type without a meaning of its own.
func isInteger(t types.Type) bool {
	basic, ok := t.(*types.Basic)
	return ok && basic.Info()&types.IsInteger != 0 && basic.Info()&types.IsUntyped == 0
}

func isNumber(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsNumeric != 0
}

func isDuration(t types.Type) bool { return t.String() == "time.Duration" }
