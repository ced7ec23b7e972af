package api

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// Found is the answer of /api/search: for each text, then for each image, the images
// nearest to it, the nearest first.
type Found struct {
	Model  string        `json:"model"`
	Texts  [][]FoundItem `json:"texts"`
	Images [][]FoundItem `json:"images"`
}

// A FoundItem is an image of the index.
type FoundItem struct {
	Place  int     `json:"item"` // in the index, from 0
	Cosine float32 `json:"cosine"`
	embeddings.Item
}

// search answers with the nearest images.
func (s *server) search(w http.ResponseWriter, r *http.Request) (any, error) {
	if s.index == nil {
		return nil, refuse(http.StatusNotFound, "no_index", "there is nothing to search; want a server that has images")
	}
	in, done, err := s.inputs(w, r)
	if err != nil {
		return nil, err
	}
	defer done()
	if in.K == 0 {
		in.K = firstFound
	}
	if in.K < 1 || in.K > MaxFound {
		return nil, refuse(http.StatusBadRequest, "invalid_k", "k %d; want 1 to %d", in.K, MaxFound)
	}
	texts, images, err := s.encode(r.Context(), in)
	if err != nil {
		return nil, err
	}
	all, err := s.index.find(r.Context(), slices.Concat(texts, images), in.K)
	if err != nil {
		return nil, err
	}
	return Found{s.Name, all[:len(texts)], all[len(texts):]}, nil
}

// A searcher searches for all who wait in one pass over the items: who has the turn
// answers them all.
type searcher struct {
	items embeddings.Items
	pool  *model.Pool
	turn  chan struct{}

	mu      sync.Mutex
	waiting []*query
}

// A query is what one caller waits for.
type query struct {
	rows  [][]float32
	k     int
	done  chan struct{} // closed once found or err is set
	found [][]FoundItem
	err   error
}

// find finds the k items nearest to each row.
func (s *searcher) find(ctx context.Context, rows [][]float32, k int) ([][]FoundItem, error) {
	q := &query{rows: rows, k: k, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, q)
	s.mu.Unlock()
	select {
	case <-q.done:
		return q.found, q.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case s.turn <- struct{}{}:
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	all := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	if len(all) > 0 { // others wait too, whose requests do not end with this one
		err := s.run(context.WithoutCancel(ctx), all)
		for _, q := range all {
			q.err = err
			close(q.done)
		}
	}
	<-q.done // by this turn or one before
	return q.found, q.err
}

// run answers queries in one pass.
func (s *searcher) run(ctx context.Context, all []*query) error {
	var flat []float32
	most := 1
	for _, q := range all {
		for _, row := range q.rows {
			flat = append(flat, row...)
		}
		most = max(most, q.k)
	}
	matches, err := eval.NearestIn(ctx, s.pool, flat, s.items, most)
	if err != nil {
		return err
	}
	for _, q := range all {
		for range q.rows {
			found := []FoundItem{}
			for _, m := range matches[0][:min(q.k, len(matches[0]))] {
				item, err := s.items.Item(ctx, m.Item)
				if err != nil {
					return err
				}
				found = append(found, FoundItem{m.Item, m.Cosine, item})
			}
			q.found, matches = append(q.found, found), matches[1:]
		}
	}
	return nil
}
