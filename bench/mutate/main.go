// Command mutate changes one operator or number of a package at a time, runs the
// package's tests over the change, lists what no test noticed, and counts what was
// killed, survived and did not compile:
//
//	go run ./bench/mutate -n 100 ./train ./optim
//
// Which changes, of all, is drawn from -seed. The files stay as they are: the
// compiler is given the changed one in their place.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// others are what an operator becomes.
var others = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
}

// A mutant changes one place of a file and changes it back.
type mutant struct {
	path        string
	set         *token.FileSet
	file        *ast.File
	at          token.Pos
	what        string
	apply, undo func()
}

// An outcome is what becomes of a change.
type outcome int

const (
	killed     outcome = iota // a test failed, or ran past the limit
	survived                  // no test noticed
	uncompiled                // says nothing about the tests
)

func main() {
	n := flag.Int("n", 50, "changes to try")
	seed := flag.Uint64("seed", 1, "of the choice of changes")
	timeout := flag.Duration("timeout", time.Minute, "of the tests over one change, which count as failed then")
	flag.Parse()
	counts, err := run(flag.Args(), *n, *seed, *timeout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d killed, %d survived, %d did not compile\n", counts[killed], counts[survived], counts[uncompiled])
}

// run tries n changes of the packages in dirs, lists what survives, and counts the
// outcomes.
func run(dirs []string, n int, seed uint64, timeout time.Duration) (counts [3]int, err error) {
	var all []mutant
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return counts, err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			found, err := mutants(path)
			if err != nil {
				return counts, err
			}
			all = append(all, found...)
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n = min(n, len(all))
	fmt.Printf("%d of %d changes\n", n, len(all))
	for _, m := range all[:n] {
		o, err := m.try(timeout)
		if err != nil {
			return counts, err
		}
		counts[o]++
		if o == survived {
			fmt.Printf("%v: %s\n", m.set.Position(m.at), m.what)
		}
	}
	return counts, nil
}

// mutants lists the changes of a file.
func mutants(path string) (all []mutant, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	operator := func(at token.Pos, op *token.Token) {
		if was, is := *op, others[*op]; is != 0 {
			all = append(all, mutant{path, set, file, at, fmt.Sprintf("%v -> %v", was, is),
				func() { *op = is }, func() { *op = was }})
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.BinaryExpr:
			operator(x.OpPos, &x.Op)
		case *ast.AssignStmt:
			operator(x.TokPos, &x.Tok)
		case *ast.BasicLit:
			if was := x.Value; x.Kind == token.INT || x.Kind == token.FLOAT {
				is := was + "+1"
				all = append(all, mutant{path, set, file, x.Pos(), was + " -> " + is,
					func() { x.Value = is }, func() { x.Value = was }})
			}
		case *ast.UnaryExpr:
			if x.Op == token.NOT {
				all = append(all, mutant{path, set, file, x.Pos(), "! -> !!",
					func() { x.X = &ast.UnaryExpr{Op: token.NOT, X: x.X} }, func() { x.X = x.X.(*ast.UnaryExpr).X }})
			}
		}
		return true
	})
	return all, nil
}

// try runs the tests of the package over the change.
func (m mutant) try(timeout time.Duration) (outcome, error) {
	m.apply()
	defer m.undo()
	var text bytes.Buffer
	if err := format.Node(&text, m.set, m.file); err != nil {
		return uncompiled, nil // no Go
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	from, err := filepath.Abs(m.path)
	if err != nil {
		return 0, err
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {from: changed}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(changed, text.Bytes(), 0o666); err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, replace, 0o666); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := exec.CommandContext(ctx, "go", "test", "-short", "-vet=off", "-overlay", overlay, "./"+filepath.Dir(m.path))
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	switch {
	case err == nil:
		return survived, nil
	case bytes.Contains(out, []byte("[build failed]")):
		return uncompiled, nil
	}
	return killed, nil
}
