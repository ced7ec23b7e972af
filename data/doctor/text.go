package doctor

import (
	"fmt"
	"io"
)

// Text writes the findings, each with what to do about it.
func (r *Report) Text(w io.Writer) error {
	fmt.Fprintf(w, "train: %s in %s, %d usable\n", Number(r.Train.Rows, "row"),
		Number(r.Train.Shards, "shard"), r.Train.Usable)
	if r.Train.Labels.Many() {
		fmt.Fprintf(w, "labels: %v\n", r.Train.Labels)
	}
	if r.Val != nil {
		fmt.Fprintf(w, "val: %s in %s, %d usable\n",
			Number(r.Val.Rows, "row"), Number(r.Val.Shards, "shard"), r.Val.Usable)
		d, o := r.Duplicates.Rows, r.Overlap
		fmt.Fprintf(w, "repeated pictures: %d, of which %d within train, %d of val in train, %d within val\n",
			d+o.Rows+o.WithinVal, d, o.Rows, o.WithinVal)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "nothing is wrong with them")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%-8s %s\n         > %s\n", f.Severity, f.What, f.Do)
	}
	batch := fmt.Sprintf("batches of %d", r.SuggestedBatch)
	if r.SuggestedBatch == 0 {
		batch = "no batch of 16 or more (too few rows, or captions that repeat too often)"
	}
	_, err := fmt.Fprintf(w, "suggested: %s, a vocabulary of %d tokens\n", batch, r.SuggestedVocabulary)
	return err
}
