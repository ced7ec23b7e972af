package train

import "math"

// A Probe is the first line of probe.jsonl: a fixed set of pairs, whose grid of
// cosines the other lines tell as training goes on.
type Probe struct {
	Set   string      `json:"set"` // where the pairs are from
	Pairs []ProbePair `json:"pairs"`
}

// A ProbePair is one pair of a probe.
type ProbePair struct {
	Shard   string `json:"shard"`
	Row     int64  `json:"row"` // in the shard
	Caption string `json:"caption"`
	Picture string `json:"picture"` // a small PNG, as a data URL
}

// A Snapshot is every other line of probe.jsonl.
type Snapshot struct {
	Step       int    `json:"step"`        // updates done
	LogitScale Number `json:"logit_scale"` // the factor, not its logarithm
	// Cosines (N, N) of images, the rows, with captions.
	Cosines [][]Number `json:"cosines"`
}

// NewSnapshot takes unit rows of images and captions (N, E).
func NewSnapshot(step int, logitScale float64, images, texts []float32, n int) Snapshot {
	s := Snapshot{Step: step, LogitScale: Number(logitScale), Cosines: make([][]Number, n)}
	cosine := cosines(images, texts, len(images)/n)
	for i := range n {
		for j := range n {
			s.Cosines[i] = append(s.Cosines[i], Number(math.Round(1e4*cosine(i, j))/1e4)) // as much as anyone sees
		}
	}
	return s
}

// Bounds of a probe: its share of the time of training, and its snapshots in a run.
const (
	probeShare   = 0.004
	maxSnapshots = 400
)

// ProbeEvery is the number of steps between two snapshots of n pairs. A snapshot
// goes forward only, a third of a step for as many pairs.
func (c Config) ProbeEvery(n int) int {
	cost := float64(n) / float64(3*c.Batch) // in steps
	return max(1, int(math.Ceil(cost/probeShare)), (c.Steps+maxSnapshots-1)/maxSnapshots)
}

// ProbeSize is the number of pairs of the grid that is wanted; 0 means none.
func (c Config) ProbeSize() int {
	c.SetDefaults()
	return max(0, c.ProbePairs)
}
