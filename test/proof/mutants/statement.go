package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

func (c *finder) mutateStatement(s ast.Stmt) {
	if !c.isInList(s) {
		return
	}
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if ok && !c.makesWords(call) && types.ExprString(call.Fun) != "panic" {
			c.drop(s)
		}
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE && !c.assignsWords(s) {
			c.drop(s)
		}
	case *ast.IncDecStmt:
		c.drop(s)
		opposite := map[token.Token]token.Token{token.INC: token.DEC, token.DEC: token.INC}[s.Tok]
		m := c.point(s, c.words(s)+" → "+opposite.String())
		c.replace(s, func(inner inner) string {
			return fmt.Sprintf("if mutOn(%d) { %s%s } else { %s }", m.id, c.words(s.X), opposite, c.inside(s, inner))
		}, m)
	case *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
		c.drop(s)
	case *ast.ReturnStmt:
		if c.isEarly(s) {
			c.drop(s)
		}
	case *ast.BranchStmt:
		if c.isEarly(s) && (s.Tok == token.BREAK || s.Tok == token.CONTINUE) {
			c.drop(s)
		}
	}
}

// drop lets the statement be left out.
func (c *finder) drop(s ast.Stmt) {
	m := c.point(s, "drop "+c.words(s))
	c.replace(s, func(inner inner) string { return fmt.Sprintf("if !mutOn(%d) { %s }", m.id, c.inside(s, inner)) }, m)
}

// isInList says that s is one of several statements, and not the begin of an if, a
// for or a case.
func (c *finder) isInList(s ast.Stmt) bool {
	switch parent := c.parent(0).(type) {
	case *ast.BlockStmt:
		return true
	case *ast.CaseClause:
		return true
	case *ast.CommClause:
		return s != parent.Comm
	}
	return false
}

// isEarly says that something follows when s is left out: it ends the body of an if
// without an else.
func (c *finder) isEarly(s ast.Stmt) bool {
	block, ok := c.parent(0).(*ast.BlockStmt)
	if !ok || block.List[len(block.List)-1] != s {
		return false
	}
	branch, ok := c.parent(1).(*ast.IfStmt)
	return ok && branch.Else == nil
}

// assignsWords says that the statement assigns a text for a person, prepares a line of
// the log, or assigns to nothing.
func (c *finder) assignsWords(s *ast.AssignStmt) bool {
	words := true
	for _, right := range s.Rhs {
		call, ok := right.(*ast.CallExpr)
		words = words && ok && c.makesWords(call)
	}
	return words || !slices.ContainsFunc(s.Lhs, func(left ast.Expr) bool { return !c.holdsWords(left) })
}

// holdsWords says that what is assigned to left reaches the log or nobody.
func (c *finder) holdsWords(left ast.Expr) bool {
	if id, ok := left.(*ast.Ident); ok && id.Name == "_" {
		return true
	}
	t := c.info.TypeOf(left)
	list, ok := t.(*types.Slice)
	return isLogger(t) || ok && isLogField(list.Elem())
}
