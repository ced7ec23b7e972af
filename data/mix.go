package data

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/goclip/goclip/data/storage"
)

// A Source is one of several sets of shards that training mixes.
type Source struct {
	// Name is for the log; empty means Data.
	Name string `yaml:"name"`

	// Data is a pattern of Parquet files, several with commas between.
	Data string `yaml:"data"`

	// Weight is the share of samples beside the other sources; the sum is of no
	// importance. Each source has epochs of its own.
	Weight float64 `yaml:"weight"`
}

func validateSources(sources []Source) error {
	seen := map[string]bool{}
	for i, s := range sources {
		switch {
		case s.Data == "":
			return fmt.Errorf("data: sources[%d]: data is empty; want Parquet files", i)
		case seen[s.name()]:
			return fmt.Errorf("data: sources[%d]: name %q occurs twice", i, s.name())
		case !(s.Weight > 0) || math.IsInf(s.Weight, 0):
			return fmt.Errorf("data: sources[%d]: weight %g of %s; want a positive number", i, s.Weight, s.name())
		}
		seen[s.name()] = true
	}
	if len(sources) > 0 {
		if i := slices.Index(quotas(sources), 0); i >= 0 {
			return fmt.Errorf("data: sources[%d]: weight %g of %s is less than 1/%d of all; want more, or without it",
				i, sources[i].Weight, sources[i].name(), mixBlock)
		}
	}
	return nil
}

func (s Source) name() string {
	if s.Name == "" {
		return storage.Redact(s.Data)
	}
	return s.Name
}

// mixBlock is the number of samples of which each source has exactly its share.
const mixBlock = 1 << 14

// quotas divides a block by weights: the shares rounded down, and what is left
// over to those with the largest remainders.
func quotas(sources []Source) []int64 {
	var sum float64
	for _, s := range sources {
		sum += s.Weight
	}
	q, rest, left := make([]int64, len(sources)), make([]float64, len(sources)), int64(mixBlock)
	for i, s := range sources {
		share := s.Weight / sum * mixBlock
		q[i] = int64(share)
		rest[i] = share - float64(q[i])
		left -= q[i]
	}
	for ; left > 0; left-- {
		i := slices.Index(rest, slices.Max(rest))
		q[i]++
		rest[i] = -1
	}
	return q
}

// A mixture says which source a sample of the run is of. It is a pure function
// of the seed and the position: a block has its quota of each source, in an
// order drawn for the block, so the samples of a source before any position
// are known without counting.
type mixture struct {
	seed   uint64
	quotas []int64

	block   int64
	sources []int32 // of the places of the block
	places  []int64 // among the samples of the source
}

func newMixture(seed uint64, quotas []int64) *mixture {
	return &mixture{seed: seed, quotas: quotas, block: -1}
}

// at returns the source of the sample at a position, and its place among all
// samples of that source.
func (m *mixture) at(position int64) (source int, place int64) {
	if len(m.quotas) == 1 {
		return 0, position
	}
	if block := position / mixBlock; block != m.block {
		m.draw(block)
	}
	i := position % mixBlock
	return int(m.sources[i]), m.places[i]
}

func (m *mixture) draw(block int64) {
	m.block = block
	m.sources, m.places = m.sources[:0], m.places[:0]
	for i, q := range m.quotas {
		for range q {
			m.sources = append(m.sources, int32(i))
		}
	}
	rng := keyed(m.seed, purposeMix, uint64(block), 0)
	rng.Shuffle(len(m.sources), func(i, j int) { m.sources[i], m.sources[j] = m.sources[j], m.sources[i] })
	next := make([]int64, len(m.quotas))
	for i, q := range m.quotas {
		next[i] = block * q
	}
	for _, s := range m.sources {
		m.places = append(m.places, next[s])
		next[s]++
	}
}

// A span is a source's part of the rows of a dataset.
type span struct {
	name        string
	first, rows int64
	window      int // pairs of its windows
}

// A sampler gives the row of every position of a run.
type sampler struct {
	mix    *mixture
	spans  []span
	orders []*order
}

func (d *Dataset) newSampler(seed uint64) *sampler {
	s := &sampler{mix: newMixture(seed, d.quotas), spans: d.spans}
	for i, span := range d.spans {
		own := seed
		if i > 0 {
			own = mix(seed + uint64(i))
		}
		s.orders = append(s.orders, newOrder(own, span.rows, span.window))
	}
	return s
}

// window returns the window of a place of a source, in rows of the dataset.
func (s *sampler) window(source int, place int64) window {
	w := s.orders[source].at(place)
	for i := range w.parts {
		w.parts[i][0] += s.spans[source].first
		w.parts[i][1] += s.spans[source].first
	}
	return w
}

// Drawn says how many of the first samples of a run were of each source.
func (d *Dataset) Drawn(seed uint64, samples int64) (counts []int64) {
	counts = make([]int64, len(d.spans))
	if len(d.spans) == 1 {
		return []int64{samples}
	}
	m := newMixture(seed, d.quotas)
	for i, q := range d.quotas {
		counts[i] = samples / mixBlock * q
	}
	for p := samples / mixBlock * mixBlock; p < samples; p++ {
		source, _ := m.at(p)
		counts[source]++
	}
	return counts
}

// FormatDrawn says in one line what Drawn found.
func (d *Dataset) FormatDrawn(seed uint64, samples int64) string {
	var parts []string
	for i, n := range d.Drawn(seed, samples) {
		parts = append(parts, fmt.Sprintf("%s %d (%.4f, epoch %.2f)", d.spans[i].name, n,
			float64(n)/float64(max(1, samples)), float64(n)/float64(d.spans[i].rows)))
	}
	return strings.Join(parts, ", ")
}

// ShuffleQuality says how far apart the rows lie that follow each other in the
// first epoch, on average, as a fraction of what a shuffle of all rows at once
// would give: 0 is the order of the files, 1 the best. Of several sources it is
// the least. It looks at up to 128 Ki rows.
func (d *Dataset) ShuffleQuality(seed uint64) float64 {
	least := math.Inf(1)
	s := d.newSampler(seed)
	for source, span := range s.spans {
		var sum float64
		var n, last int64 = 0, -1
		for place := int64(0); place < min(span.rows, 1<<17); {
			w := s.window(source, place)
			rows := w.rows()
			for _, i := range w.order {
				if last >= 0 {
					sum += math.Abs(float64(rows[i] - last))
					n++
				}
				last = rows[i]
			}
			place += int64(len(w.order))
		}
		if n > 0 {
			least = min(least, sum/float64(n)/(float64(span.rows+1)/3))
		}
	}
	return min(least, 1)
}

// rows lists the rows of all parts of a window.
func (w *window) rows() (rows []int64) {
	for _, part := range w.parts {
		for r := part[0]; r < part[1]; r++ {
			rows = append(rows, r)
		}
	}
	return rows
}
