package optim

import "github.com/goclip/goclip/model"

// An EMA is a moving average of parameters, which often does better than their
// last values. After update t, counted from 1,
//
//	average = d average + (1 - d) value, d = min(decay, (1 + t)/(10 + t))
//
// It begins at the initial values, which the smaller d of the first updates
// soon forgets: a decay of 0.999 is reached after update 8990.
//
// Source: Polyak and Juditsky, "Acceleration of Stochastic Approximation by
// Averaging" (1992); TensorFlow's ExponentialMovingAverage bounds d
// likewise by its num_updates.
type EMA struct {
	decay    float64
	params   []*model.Param
	averages [][]float32
	pool     *model.Pool
}

// NewEMA returns the average of what params are now.
func NewEMA(params []*model.Param, decay float64, pool *model.Pool) *EMA {
	e := &EMA{decay: decay, params: params, pool: pool.OrDefault()}
	for _, p := range params {
		if p.Frozen { // the average is the value
			e.averages = append(e.averages, p.Value)
			continue
		}
		e.averages = append(e.averages, append([]float32(nil), p.Value...))
	}
	return e
}

// Update takes in the values after update t of the parameters.
func (e *EMA) Update(t int) {
	d := min(e.decay, (1+float64(t))/(10+float64(t)))
	e.pool.Lock()
	defer e.pool.Unlock()
	for i, p := range e.params {
		if !p.Frozen {
			e.pool.Average(e.averages[i], p.Value, float32(d))
		}
	}
}

// Swap exchanges the parameters and their averages: once to evaluate the
// averages, and again to go on training.
func (e *EMA) Swap() {
	for i, p := range e.params {
		if p.Frozen {
			continue
		}
		for j, v := range e.averages[i] {
			p.Value[j], e.averages[i][j] = v, p.Value[j]
		}
	}
}

// State visits the average of each parameter, for a checkpoint: the parameter's
// name, so that the averages load as a model, the shape, and the memory itself.
func (e *EMA) State(visit func(name string, shape []int, data []float32) error) error {
	for i, p := range e.params {
		if err := visit(p.Name, p.Shape, e.averages[i]); err != nil {
			return err
		}
	}
	return nil
}
