package train

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// An Inspection is what is known of one step: its batch, pair by pair.
type Inspection struct {
	Step       int    `json:"step"`
	Reason     string `json:"reason,omitempty"` // why the step is bad
	Loss       Number `json:"loss"`
	LnN        Number `json:"ln_n"`
	GradNorm   Number `json:"grad_norm"`
	LogitScale Number `json:"logit_scale"` // the factor, not its logarithm

	// Pairs are the pairs of the batch, in its order.
	Pairs []InspectedPair `json:"pairs"`

	// Grid holds the cosines of images (rows) and texts (columns) of the pairs with
	// the largest losses, whose places in the batch Worst lists.
	Worst []int      `json:"worst"`
	Grid  [][]Number `json:"grid"`
}

// An InspectedPair is one pair of the batch.
type InspectedPair struct {
	Shard   string `json:"shard"`
	Row     int64  `json:"row"` // in the shard
	Caption string `json:"caption"`

	// Loss is the mean of both: finding the text from the image, and the image
	// from the text. The loss of the batch is the mean over its pairs.
	Loss      Number `json:"loss"`
	ImageLoss Number `json:"image_loss"`
	TextLoss  Number `json:"text_loss"`
	Cosine    Number `json:"cosine"`
}

// A Number is a float64 whose JSON may be "NaN", "+Inf" or "-Inf".
type Number float64

// MarshalJSON writes what JSON has no number for as text.
func (n Number) MarshalJSON() ([]byte, error) {
	if !finite(float64(n)) {
		return json.Marshal(fmt.Sprint(float64(n)))
	}
	return json.Marshal(float64(n))
}

// gridPairs is the most pairs of a grid.
const gridPairs = 64

// InspectNext computes the next step without its update.
func (t *Trainer) InspectNext(ctx context.Context) (*Inspection, error) {
	step := t.Optim.Step() + 1
	r, err := t.gradients(ctx)
	if err != nil {
		return nil, fmt.Errorf("train: step %d: %w", step, err)
	}
	return t.inspection(step, r, t.Watch.check(t.Config, r.Loss, r.GradNorm)), nil
}

func (t *Trainer) inspection(step int, r StepResult, reason string) *Inspection {
	x, y := t.Step.ImageEmbeddings(), t.Step.TextEmbeddings()
	n := len(t.last.rows)
	scale := t.Model.LogitScale()
	all := &Inspection{
		Step: step, Reason: reason, Loss: Number(r.Loss), LnN: Number(t.guessOf(n)),
		GradNorm: Number(r.GradNorm), LogitScale: Number(scale), Pairs: make([]InspectedPair, n),
	}
	cosine := cosines(x, y, len(x)/n)
	images, texts := t.pairLosses(cosine, n)
	for i, row := range t.last.rows {
		all.Pairs[i] = InspectedPair{
			Shard: row.Shard, Row: row.Row, Caption: t.last.captions[i], Loss: Number((images[i] + texts[i]) / 2),
			ImageLoss: Number(images[i]), TextLoss: Number(texts[i]), Cosine: Number(cosine(i, i)),
		}
		all.Worst = append(all.Worst, i)
	}
	slices.SortStableFunc(all.Worst, func(i, j int) int {
		return cmp.Compare(badness(all.Pairs[j].Loss), badness(all.Pairs[i].Loss))
	})
	all.Worst = all.Worst[:min(n, gridPairs)]
	for _, i := range all.Worst {
		var row []Number
		for _, j := range all.Worst {
			row = append(row, Number(cosine(i, j)))
		}
		all.Grid = append(all.Grid, row)
	}
	return all
}

// badness orders losses, those that are no number last.
func badness(loss Number) float64 {
	if math.IsNaN(float64(loss)) {
		return math.Inf(1)
	}
	return float64(loss)
}

// cosines are the inner products of unit rows x_i and y_j (N, E).
func cosines(x, y []float32, e int) func(i, j int) float64 {
	return func(i, j int) float64 {
		var sum float64
		a, b := x[i*e:][:e], y[j*e:][:e]
		for k, v := range a {
			sum += float64(v) * float64(b[k])
		}
		return sum
	}
}

// String is the inspection for people: the batch, and its worst pairs.
func (n *Inspection) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "step %d: loss %.4f (guessing %.4f), gradient norm %.4g, logit scale %.2f, %d pairs\n",
		n.Step, n.Loss, n.LnN, n.GradNorm, n.LogitScale, len(n.Pairs))
	if n.Reason != "" {
		fmt.Fprintf(&s, "bad: %s\n", n.Reason)
	}
	fmt.Fprintf(&s, "%5s %9s %9s %9s %7s  %s\n",
		"pair", "loss", "image", "text", "cosine", "where and caption, the largest loss first")
	shown := n.Worst[:min(len(n.Worst), 20)]
	for _, i := range shown {
		p := n.Pairs[i]
		fmt.Fprintf(&s, "%5d %9.4f %9.4f %9.4f %7.3f  %s: row %d: %q\n",
			i, p.Loss, p.ImageLoss, p.TextLoss, p.Cosine, p.Shard, p.Row, p.Caption)
	}
	small := n.Worst[:min(len(n.Worst), 10)]
	fmt.Fprintf(&s, "cosines of images (rows) and texts\n%5s", "")
	for _, j := range small {
		fmt.Fprintf(&s, " %6d", j)
	}
	for a, i := range small {
		fmt.Fprintf(&s, "\n%5d", i)
		for b := range small {
			fmt.Fprintf(&s, " %6.3f", n.Grid[a][b])
		}
	}
	return s.String()
}
