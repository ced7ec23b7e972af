package model

import G "gorgonia.org/gorgonia"

// StepGraph is what a step of m computes, with the values of its inputs.
func (m *CLIP) StepGraph(c StepConfig, s *TrainStep) (G.Nodes, error) {
	outputs, _, err := m.trainGraph(c, s, s.tokens)
	return outputs, err
}
