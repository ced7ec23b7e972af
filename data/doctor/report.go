package doctor

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"path/filepath"
	"slices"
)

// A Report is what an examination found. Lists of rows are the first of those
// that there are; the counts are of all.
type Report struct {
	Findings   []Finding   `json:"findings"`
	Train      Set         `json:"train"`
	Val        *Set        `json:"val,omitempty"`
	Duplicates Duplicates  `json:"duplicates"`
	Overlap    *Overlap    `json:"overlap,omitempty"`
	Captions   Captions    `json:"captions"`
	Tokens     Tokens      `json:"tokens"`
	Floor      Floor       `json:"floor"`
	Vocabulary []VocabSize `json:"vocabulary"`

	// SuggestedBatch is the largest batch, a power of two up to 32,768, that is
	// filled 20 times an epoch and whose floor is at most a twentieth of ln N; 0
	// where there is none. SuggestedVocabulary is the size from which on twice as
	// many tokens make captions shorter by less than 5 %.
	SuggestedBatch      int `json:"suggested_batch"`
	SuggestedVocabulary int `json:"suggested_vocabulary"`
}

// A Set says what the shards of training, or of val, hold.
type Set struct {
	Shards       int      `json:"shards"`
	BrokenShards []string `json:"broken_shards,omitempty"`
	Rows         int      `json:"rows"`
	Usable       int      `json:"usable"`
	ImageBytes   int64    `json:"image_bytes"`
	Unusable     []Reason `json:"unusable,omitempty"` // the most frequent first
	Bad          []Bad    `json:"bad_rows,omitempty"` // the first 10,000
	Labels       *Labels  `json:"labels,omitempty"`
	Formats      []Count  `json:"formats"`
	ShortSide    []Count  `json:"short_side_pixels"`
	Aspect       []Count  `json:"aspect"` // longer side by the shorter one
	Blank        int      `json:"blank"`
	Small        int      `json:"smaller_than_the_model"`
	Long         int      `json:"three_times_as_long_as_wide"`
	Large        int      `json:"short_side_of_512_or_more"`
}

// A Place is a row, its caption and its picture, where they are shown.
type Place struct {
	Shard   string       `json:"shard"`
	Row     int64        `json:"row"`
	Caption string       `json:"caption,omitempty"`
	Picture template.URL `json:"-"`
}

func (p Place) String() string { return fmt.Sprintf("%s: row %d", p.Shard, p.Row) }

// File is the name of the shard, after the name of its folder.
func (p Place) File() string {
	return filepath.Join(filepath.Base(filepath.Dir(p.Shard)), filepath.Base(p.Shard))
}

// A Bad row is one that cannot be used, and why.
type Bad struct {
	Place
	Group  int    `json:"row_group"`
	Reason string `json:"reason"`
}

func (b Bad) String() string {
	return fmt.Sprintf("%s: row group %d: row %d: %s", b.Shard, b.Group, b.Row, b.Reason)
}

// A Reason is why rows cannot be used, with N for numbers.
type Reason struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
	First  Bad    `json:"first"`
}

// A Count is how often something occurs.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Duplicates are pictures that training would see more than once.
type Duplicates struct {
	// Rows counts those whose picture is the file of an earlier row, and Pairs those
	// of them whose captions are that row's too.
	Rows   int     `json:"rows"`
	Pairs  int     `json:"with_the_same_captions"`
	Groups []Group `json:"groups"`

	// NearRows counts the pictures that are nearly an earlier one.
	NearRows int    `json:"near_rows"`
	Near     []Twin `json:"near"`

	Blank []Place `json:"blank,omitempty"` // pictures that show next to nothing
}

// A Group is the rows of one picture.
type Group struct {
	Rows []Place `json:"rows"`
}

// A Twin is a row that has the picture of an original, or nearly: Bits of the 64
// of their looks differ.
type Twin struct {
	Row      Place `json:"row"`
	Original Place `json:"original"`
	Bits     int   `json:"bits"`
}

// Overlap is what val shares with training.
type Overlap struct {
	Rows        int    `json:"rows"`       // of val, whose picture is in train
	WithinVal   int    `json:"within_val"` // rows of val whose picture an earlier one of val has
	Same        []Twin `json:"same"`
	NearRows    int    `json:"near_rows"`
	Near        []Twin `json:"near"`
	CaptionRows int    `json:"rows_with_a_caption_of_train"`
}

// Captions says what the captions of training that can be used are like.
type Captions struct {
	Captions int        `json:"captions"`
	Distinct int        `json:"distinct"`
	Repeated []Repeated `json:"repeated"` // the most frequent, of those that occur more than once
	Scripts  []Count    `json:"scripts"`
	Untidy   int        `json:"with_tags_or_addresses"`
	Broken   int        `json:"not_utf8"`
}

// A Repeated caption occurs N times.
type Repeated struct {
	Caption string `json:"caption"`
	N       int    `json:"n"`
}

// Tokens are the lengths of captions, with the tokens of start and end.
type Tokens struct {
	Vocabulary int     `json:"vocabulary"`
	Trained    bool    `json:"trained_on_these_captions"`
	Context    int     `json:"context"`
	Truncated  int     `json:"truncated"`
	Mean       float64 `json:"mean"`
	Median     int     `json:"median"`
	P99        int     `json:"p99"`
	Max        int     `json:"max"` // 4,096 stands for it and more
	Lengths    []Count `json:"lengths"`
}

// A Floor is what repeated captions do to a batch.
type Floor struct {
	Batch   int       `json:"batch"`
	LnN     float64   `json:"ln_n"`
	Loss    float64   `json:"loss"`  // that no model gets below
	Twins   float64   `json:"twins"` // share of pairs whose caption another of the batch has
	Batches []AtBatch `json:"batches"`

	// Of the sigmoid loss: of a model that knows nothing, and that no model gets below.
	SigmoidGuess float64 `json:"sigmoid_guess"`
	SigmoidLoss  float64 `json:"sigmoid_loss"`
}

// AtBatch is the floor in batches of another size.
type AtBatch struct {
	Batch int     `json:"batch"`
	LnN   float64 `json:"ln_n"`
	Loss  float64 `json:"loss"`
	Twins float64 `json:"twins"`

	SigmoidGuess float64 `json:"sigmoid_guess"`
	SigmoidLoss  float64 `json:"sigmoid_loss"`
}

// A VocabSize is the mean length of captions with a vocabulary trained on a
// sample of them.
type VocabSize struct {
	Size      int     `json:"size"`
	Tokens    float64 `json:"tokens"`
	Truncated float64 `json:"truncated"` // share of captions
}

// JSON writes the report.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// summary says what the shards of s hold.
func (s *set) summary() Set {
	out := Set{
		Shards: s.survey.Shards() + len(s.survey.Broken), Rows: len(s.pictures), Usable: s.usable,
		ImageBytes: s.bytes, Bad: s.bad, Labels: s.labeled(),
		Formats: counts(s.formats), ShortSide: bins(s.short), Aspect: bins(s.aspect), Blank: len(s.blank),
		Small: s.small, Long: s.long, Large: s.large,
	}
	for _, err := range s.survey.Broken {
		out.BrokenShards = append(out.BrokenShards, err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(s.kinds)) {
		out.Unusable = append(out.Unusable, *s.kinds[name])
	}
	slices.SortStableFunc(out.Unusable, func(a, b Reason) int { return b.Rows - a.Rows })
	return out
}

// counts lists the counts of m, the largest first.
func counts(m map[string]int) []Count {
	out := []Count{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Count{name, m[name]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return b.N - a.N })
	return out
}

// bins lists the bins of a histogram, without the empty ones at its ends.
func bins(h histogram) []Count {
	out := []Count{}
	for i, n := range h.counts {
		name := fmt.Sprintf("%g", h.edges[i])
		switch {
		case i+1 == len(h.edges):
			name += " or more"
		case !h.whole:
			name += fmt.Sprintf(" to %g", h.edges[i+1])
		case h.edges[i+1] > h.edges[i]+1:
			name += fmt.Sprintf(" to %g", h.edges[i+1]-1)
		}
		out = append(out, Count{name, n})
	}
	for len(out) > 0 && out[len(out)-1].N == 0 {
		out = out[:len(out)-1]
	}
	for len(out) > 0 && out[0].N == 0 {
		out = out[1:]
	}
	return out
}
