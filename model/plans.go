package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/vm"
)

// A plan is a compiled graph for texts of one length.
type plan struct {
	machine *vm.Machine
	tokens  []int32 // (N, t)
	outputs G.Nodes
}

// plans are the same graph for each length that the texts of a batch have had.
// Where attention is causal and the end of a text is read, a batch is computed up to
// its longest text: what stands behind changes nothing. Plans share their inputs and,
// as one runs at a time, an arena.
type plans struct {
	graph    func(tokens []int32) (outputs G.Nodes, o vm.Options, err error)
	text     TextConfig
	tokens   []int32 // (N, T), the caller's; nil of an image encoder
	n        int
	pool     *Pool
	arena    []float32
	whole    *plan   // of the full length
	byLength []*plan // at the length over lengthStep; nil until there is such a batch
	last     *plan   // whose outputs are valid
	uncut    bool
}

// lengthStep is what the length of a batch is a multiple of, so that there are
// few plans.
const lengthStep = 8

// init compiles the graph for the full length, which needs the most memory.
func (p *plans) init(
	graph func([]int32) (G.Nodes, vm.Options, error), text TextConfig, n int, tokens []int32, pool *Pool,
) (err error) {
	*p = plans{graph: graph, text: text, tokens: tokens, n: n, pool: pool, byLength: make([]*plan, len(tokens)/n/lengthStep+1)}
	p.whole, err = p.compile(tokens)
	p.last = p.whole
	return err
}

func (p *plans) compile(tokens []int32) (*plan, error) {
	outputs, o, err := p.graph(tokens)
	if err != nil {
		return nil, err
	}
	o.Pool = p.pool
	stats, err := vm.Measure(outputs, o)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if p.arena == nil {
		p.arena = vm.NewArena(stats.ArenaBytes)
	}
	if stats.ArenaBytes <= 4*len(p.arena) {
		o.Arena = p.arena
	}
	machine, err := vm.Compile(outputs, o)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return &plan{machine, tokens, outputs}, nil
}

// WholeTexts makes runs compute every token, also those behind the end of all
// texts: a fixed amount of work, for measurements.
func (p *plans) WholeTexts() { p.uncut = true }

// Stats describes the plan for texts of full length.
func (p *plans) Stats() vm.Stats { return p.whole.machine.Stats() }

// Profile computes what Run does and reports the time of each operation.
func (p *plans) Profile() ([]vm.OpTime, error) {
	if err := p.choose(); err != nil {
		return nil, err
	}
	return p.last.machine.Profile()
}

// run computes the outputs for what the inputs hold.
func (p *plans) run() error {
	if err := p.choose(); err != nil {
		return err
	}
	if err := p.last.machine.RunAll(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// choose makes last the plan for the texts in tokens.
func (p *plans) choose() error {
	next, err := p.ready()
	if err == nil {
		p.last = next
	}
	return err
}

// ready is the plan for the texts in tokens, which it has copied.
func (p *plans) ready() (*plan, error) {
	context := len(p.tokens) / p.n
	t := p.text.longest(p.tokens, p.n)
	if p.uncut || t >= context {
		return p.whole, nil
	}
	at := &p.byLength[t/lengthStep]
	if *at == nil {
		c, err := p.compile(make([]int32, p.n*t))
		if err != nil {
			return nil, err
		}
		*at = c
	}
	for i := range p.n {
		copy((*at).tokens[i*t:(i+1)*t], p.tokens[i*context:])
	}
	return *at, nil
}

// longest is the number of tokens that are used of the longest of n texts, rounded up.
func (c TextConfig) longest(tokens []int32, n int) (t int) {
	context := len(tokens) / n
	for row := tokens; len(row) > 0; row = row[context:] {
		t = max(t, c.Used(row[:context]))
	}
	return (t + lengthStep - 1) / lengthStep * lengthStep
}

// output is what output i was in the last run.
func (p *plans) output(i int) []float32 { return values(p.last.outputs[i]) }
