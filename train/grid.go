package train

import "math"

// A Grid is the first line of grid.jsonl: a fixed set of pairs, whose cosines the
// other lines hold as training goes on.
type Grid struct {
	Set   string     `json:"set"` // where the pairs are from
	Pairs []GridPair `json:"pairs"`
}

// A GridPair is one pair of a Grid.
type GridPair struct {
	Shard   string `json:"shard"`
	Row     int64  `json:"row"` // in the shard
	Caption string `json:"caption"`
	Picture string `json:"picture"` // a small PNG, as a data URL
}

// A Snapshot is every other line of grid.jsonl.
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

// Bounds of a grid: its share of the time of training, and its snapshots in a run.
const (
	gridShare    = 0.004
	maxSnapshots = 400
)

// gridEvery is the number of steps between two snapshots. A snapshot goes forward
// only, a third of a step for as many pairs.
func (c Config) gridEvery() int {
	cost := float64(c.GridSize()) / float64(3*c.Batch) // in steps
	return max(1, int(math.Ceil(cost/gridShare)), (c.Steps+maxSnapshots-1)/maxSnapshots)
}

// GridSize is the number of pairs of the grid; 0 means none.
func (c Config) GridSize() int {
	c.SetDefaults()
	return max(0, c.GridPairs)
}
