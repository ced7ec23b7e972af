package optim

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// MuonConfig sets up Muon for the matrices of the residual blocks; everything else, such
// as embeddings, projections, gains and biases, stays with AdamW.
type MuonConfig struct {
	// LearningRate is the peak of the schedule for those matrices, in spectral norm per
	// step: Muon's own is 0.02, far above one of AdamW. 0 means that AdamW updates all.
	LearningRate float64 `yaml:"learning_rate"`

	// Momentum is the decay rate, per step, of the moving average of the gradient; 0
	// means 0.95.
	Momentum float64 `yaml:"momentum"`

	// WeightDecay takes the place of optim.weight_decay for those matrices, since it is
	// multiplied by a larger learning rate; 0 means none.
	WeightDecay float64 `yaml:"weight_decay"`
}

// on says whether Muon updates anything.
func (c MuonConfig) on() bool { return c.LearningRate > 0 }

const muonMomentum = 0.95

func (c *MuonConfig) setDefaults() { c.Momentum = cmp.Or(c.Momentum, muonMomentum) }

func (c MuonConfig) validate() error {
	switch {
	case !(c.LearningRate >= 0 && c.LearningRate <= 10):
		return fmt.Errorf("optim: muon.learning_rate %g is not in [0, 10]", c.LearningRate)
	case !(0 <= c.Momentum && c.Momentum < 1):
		return fmt.Errorf("optim: muon.momentum %g is not in [0, 1)", c.Momentum)
	case !(c.WeightDecay >= 0 && c.WeightDecay*c.LearningRate < 1):
		return fmt.Errorf("optim: muon.weight_decay %g times muon.learning_rate is not in [0, 1)", c.WeightDecay)
	case !c.on() && c.WeightDecay > 0:
		return fmt.Errorf("optim: muon.weight_decay %g without muon.learning_rate, which turns Muon on; "+
			"want both, or neither", c.WeightDecay)
	case !c.on() && c.Momentum != muonMomentum:
		return fmt.Errorf("optim: muon.momentum %g without muon.learning_rate, which turns Muon on; "+
			"want both, or neither", c.Momentum)
	}
	return nil
}

// hidden says that a parameter is a matrix of a residual block, and not an adapter of it.
func hidden(p *model.Param) bool {
	return len(p.Shape) == 2 && block.MatchString(p.Name) && !p.Adapter()
}

// hiddenParts is how many matrices of equal height lie in a hidden parameter: queries,
// keys and values are one each, as Muon's author advises.
func hiddenParts(name string) int {
	if strings.HasSuffix(name, ".in_proj_weight") {
		return 3
	}
	return 1
}

// A muon is the memory in which updates of matrices are computed.
type muon struct {
	momentum     float32
	x, next      []float32 // of a whole parameter, the first of a matrix
	gram, square []float32
	pool         *model.Pool
}

// newMuon returns one for the hidden ones of params.
func newMuon(momentum float64, params []*model.Param, rules []rule, pool *model.Pool) *muon {
	var size, matrix, side int
	for i, p := range params {
		if rules[i].muon {
			rows, columns := p.Shape[0]/hiddenParts(p.Name), p.Shape[1]
			size, matrix, side = max(size, len(p.Value)), max(matrix, rows*columns), max(side, min(rows, columns))
		}
	}
	return &muon{
		momentum: float32(momentum), pool: pool,
		x: kernel.NewFloats(size), next: kernel.NewFloats(matrix),
		gram: kernel.NewFloats(side * side), square: kernel.NewFloats(side * side),
	}
}

// update moves a parameter by one step of Muon with the moving average m of its gradient:
//
//	g = gradScale Grad, m = momentum m + (1 - momentum) g
//	u = orthogonalize(momentum m + (1 - momentum) g)
//	value = value (1 - rate decay) - rate sqrt(max(1, rows/columns)) u
//
// Source: Jordan, "Muon: An optimizer for hidden layers in neural networks",
// https://kellerjordan.github.io/posts/muon/, and muon_update of its muon.py.
func (o *muon) update(p *model.Param, m []float32, rate, decay float64, gradScale float32) {
	x := o.x[:len(p.Value)]
	o.pool.Scale(x, p.Grad, gradScale)
	o.pool.Average(m, x, o.momentum)
	o.pool.Average(x, m, 1-o.momentum) // Nesterov's
	parts := hiddenParts(p.Name)
	rows, columns := p.Shape[0]/parts, p.Shape[1]
	for i := range parts {
		o.orthogonalize(x[i*rows*columns:(i+1)*rows*columns], rows, columns)
	}
	stretch := math.Sqrt(max(1, float64(rows)/float64(columns)))
	o.pool.Scale(x, x, float32(-rate*stretch))
	o.pool.Scale(p.Value, p.Value, float32(1-rate*decay))
	o.pool.Add(p.Value, p.Value, x)
}

// The quintic a x + b x³ + c x⁵ of a Newton-Schulz step, steep at 0, and how many steps.
const (
	schulzA, schulzB, schulzC = 3.4445, -4.7750, 2.0315

	schulzSteps = 5
)

// orthogonalize replaces x (rows, columns) by nearly U Vᵀ of its singular value
// decomposition: singular values become about 0.7 to 1.2, those below a thousandth of
// the largest stay smaller. With x scaled to norm 1, five times
//
//	x = a x + (b A + c A²) x, A = x xᵀ
//
// in float32, where the source has bfloat16. A tall matrix is multiplied from the right,
// with A = xᵀ x, which is the same as transposing it.
func (o *muon) orthogonalize(x []float32, rows, columns int) {
	norm := math.Sqrt(o.pool.SumSquares(x))
	o.pool.Scale(x, x, float32(1/(norm+1e-7)))
	tall := rows > columns
	n := min(rows, columns)
	from, to, gram, square := x, o.next[:len(x)], o.gram[:n*n], o.square[:n*n]
	for range schulzSteps {
		if tall {
			o.pool.Gemm(gram, from, from, n, n, rows, kernel.Gemm{TransA: true})
		} else {
			o.pool.Gemm(gram, from, from, n, n, columns, kernel.Gemm{TransB: true})
		}
		o.pool.Gemm(square, gram, gram, n, n, n, kernel.Gemm{})
		o.pool.Scale(square, square, schulzC)
		o.pool.Scale(gram, gram, schulzB)
		o.pool.Add(square, square, gram)
		for i := range n {
			square[i*n+i] += schulzA
		}
		if tall {
			o.pool.Gemm(to, from, square, rows, n, n, kernel.Gemm{})
		} else {
			o.pool.Gemm(to, square, from, n, columns, n, kernel.Gemm{})
		}
		from, to = to, from
	}
	copy(x, from) // after an odd number of steps it is in next
}
