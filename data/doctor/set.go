package doctor

import (
	"math"

	"github.com/goclip/goclip/data"
)

// A set is what is kept of the rows of shards: counts, and for each row 1.2 kB
// where it has one caption, and 12 for each caption more.
type set struct {
	survey   *data.Survey
	pictures []picture // one a row
	captions []uint64  // hashes of all captions of rows that are usable
	rowOf    []uint32  // the row of each caption

	bad      []Bad // the first maxBad of them
	kinds    map[string]*Reason
	formats  map[string]int
	scripts  map[string]int
	labels   map[int64]int // usable rows
	short    histogram     // shorter sides, in pixels
	aspect   histogram     // longer side by the shorter one
	lengths  []int         // captions by their number of tokens, up to maxLength
	bytes    int64         // of image files
	usable   int
	untidy   int // captions
	broken   int
	blank    []uint32
	small    int // pictures that are smaller than the model's input
	long     int // at least three times as long as wide
	large    int // of 512 pixels or more at the shorter side
	size     int
	stride   int64 // of rows whose captions are sampled
	sample   []string
	captured int // bytes of the sample
}

// What is kept at most.
const (
	maxBad      = 10_000
	maxLength   = 1 << 12
	sampleRows  = 20_000
	sampleBytes = 16 << 20
)

func newSet(c Config, survey *data.Survey) *set {
	n := survey.Len()
	s := &set{
		survey: survey, pictures: make([]picture, 0, n), captions: make([]uint64, 0, n), rowOf: make([]uint32, 0, n),
		kinds: map[string]*Reason{}, formats: map[string]int{}, labels: map[int64]int{},
		scripts: map[string]int{}, lengths: make([]int, maxLength+1),
		size: c.ImageSize, stride: max(1, n/sampleRows),
	}
	s.short = newHistogram(true, 1, 32, 64, 128, 224, 256, 384, 512, 1024, 2048)
	s.aspect = newHistogram(false, 1, 1.1, 1.34, 1.5, 1.78, 2, 3, 5, 10)
	return s
}

// add takes what the next row shows.
func (s *set) add(x *exam) {
	row := uint32(len(s.pictures))
	s.pictures = append(s.pictures, x.picture)
	s.bytes += int64(x.bytes)
	if x.flags.is(decoded) {
		s.addPicture(x, row)
	}
	if x.reason != "" {
		s.addBad(x)
		return
	}
	s.usable++
	if x.label >= 0 {
		s.labels[x.label]++
	}
	for i := range x.captions {
		c := &x.captions[i]
		s.captions, s.rowOf = append(s.captions, c.hash), append(s.rowOf, row)
		s.scripts[c.script]++
		s.lengths[min(c.tokens, maxLength)]++
		s.untidy += count(c.untidy)
		s.broken += count(c.broken)
		if int64(row)%s.stride == 0 && s.captured < sampleBytes {
			s.sample = append(s.sample, x.texts[i])
			s.captured += len(x.texts[i])
		}
	}
}

func (s *set) addPicture(x *exam, row uint32) {
	s.formats[x.format]++
	short, long := min(x.w, x.h), max(x.w, x.h)
	s.short.add(float64(short), 1)
	s.aspect.add(float64(long)/float64(short), 1)
	s.small += count(short < s.size)
	s.long += count(long >= 3*short)
	s.large += count(short >= 512)
	if x.flags.is(blank) {
		s.blank = append(s.blank, row)
	}
}

func (s *set) addBad(x *exam) {
	bad := Bad{Place: Place{Shard: x.ref.Shard, Row: x.ref.Row}, Group: x.group, Reason: x.reason}
	if len(s.bad) < maxBad {
		s.bad = append(s.bad, bad)
	}
	r := s.kinds[x.kind]
	if r == nil {
		r = &Reason{Reason: x.kind, First: bad}
		s.kinds[x.kind] = r
	}
	r.Rows++
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A histogram counts values from each edge to the next, the last without end.
type histogram struct {
	edges  []float64
	counts []int
	whole  bool // values are whole numbers
}

func newHistogram(whole bool, edges ...float64) histogram {
	return histogram{edges, make([]int, len(edges)), whole}
}

func (h *histogram) add(v float64, times int) {
	i := len(h.edges) - 1
	for i > 0 && v < h.edges[i] {
		i--
	}
	h.counts[i] += times
}

// quantile is the least length that a fraction of the captions does not exceed.
func quantile(lengths []int, fraction float64) int {
	total := 0
	for _, n := range lengths {
		total += n
	}
	want := int(math.Ceil(fraction * float64(total)))
	seen := 0
	for length, n := range lengths {
		if seen += n; n > 0 && seen >= want {
			return length
		}
	}
	return 0
}
