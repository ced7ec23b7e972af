package data

import (
	"context"
	"hash/maphash"
	"slices"
)

// An Overlap is what two sets of rows have in common.
type Overlap struct {
	// Shards are those of the other set that are shards of this one as well.
	Shards []string

	// Pictures counts rows of the other set whose image file, byte for byte, this one has;
	// Pairs counts those of them that share a caption too. Row and In are an example.
	Pictures, Pairs int
	Row, In         RowRef

	// Looked counts the rows of this set whose pictures were compared.
	Looked int64
}

// Bounds of what Overlap reads of pictures, in bytes, and of the rows that it reads
// because their caption is one of the other set's.
const (
	overlapBytes       = 256 << 20
	overlapRemoteBytes = 32 << 20
	overlapRows        = 2048
)

// Overlap compares d with other, a Dataset that Draw made: the footers of shards of equal
// size, then pictures. It reads all pictures of d where those are at most 256 MiB (32 MiB
// of remote ones); or else up to 2,048 of the rows with a caption of other, among the
// first million captions, and blocks at equal distances up to as many bytes.
func (d *Dataset) Overlap(ctx context.Context, other *Dataset) (o Overlap, err error) {
	shards, err := d.sharedShards(ctx, other)
	if err != nil {
		return o, err
	}
	budget := int64(overlapBytes)
	if d.remote {
		budget = overlapRemoteBytes
	}
	o, err = d.overlap(ctx, newComparison(other), budget)
	o.Shards = shards
	return o, err
}

// overlap compares as many bytes of pictures.
func (d *Dataset) overlap(ctx context.Context, c *comparison, budget int64) (o Overlap, err error) {
	var bytes int64
	for _, s := range d.shards {
		bytes += s.bytes
	}
	blocks := (d.rows + blockRows - 1) / blockRows
	every := max(1, (bytes+budget-1)/budget)
	if every > 1 {
		places, err := d.withCaptions(ctx, c)
		if err != nil {
			return o, err
		}
		for _, at := range places {
			if err := c.look(ctx, d, at, at+1); err != nil {
				return o, err
			}
		}
	}
	for b := int64(0); b < blocks; b += every {
		if err := c.look(ctx, d, b*blockRows, min(d.rows, (b+1)*blockRows)); err != nil {
			return o, err
		}
	}
	c.overlap.Pictures = len(c.found)
	for _, pair := range c.found {
		if pair {
			c.overlap.Pairs++
		}
	}
	return c.overlap, nil
}

// sharedShards names the shards of other that are shards of d.
func (d *Dataset) sharedShards(ctx context.Context, other *Dataset) (names []string, err error) {
	type size struct{ bytes, rows int64 }
	ours := map[size][]*shard{}
	for _, s := range d.shards {
		key := size{s.version.Size, s.rows}
		ours[key] = append(ours[key], s)
	}
	for _, s := range other.shards {
		alike := ours[size{s.version.Size, s.rows}]
		if len(alike) == 0 {
			continue
		}
		sum, err := s.fingerprint(ctx, 0)
		if err != nil {
			return nil, err
		}
		for _, t := range alike {
			theirs, err := t.fingerprint(ctx, 0)
			if err != nil {
				return nil, err
			}
			if sameShard(sum, theirs) {
				names = append(names, s.path)
				break
			}
		}
	}
	return names, nil
}

// withCaptions are the rows that have a caption of the other set, some evenly apart if
// they are many.
func (d *Dataset) withCaptions(ctx context.Context, c *comparison) (places []int64, err error) {
	for lo, n := int64(0), 0; lo < d.rows && n < maxCounted; lo += blockRows {
		rows, err := d.read(ctx, lo, min(d.rows, lo+blockRows), columns{caption: true})
		if err != nil {
			return nil, err
		}
		for i, r := range rows {
			n += len(r.captions)
			if slices.ContainsFunc(r.captions, func(s string) bool { return c.captions[maphash.String(c.seed, s)] }) {
				places = append(places, lo+int64(i))
			}
		}
	}
	some := make([]int64, min(len(places), overlapRows))
	for i := range some {
		some[i] = places[i*len(places)/len(some)]
	}
	return some, nil
}

// A comparison looks for the pictures and captions of a set.
type comparison struct {
	seed     maphash.Seed
	rows     map[uint64]*row // by the hash of their picture
	captions map[uint64]bool
	found    map[uint64]bool // pictures, and whether with a caption
	overlap  Overlap
}

func newComparison(of *Dataset) *comparison {
	c := &comparison{seed: maphash.MakeSeed(), rows: map[uint64]*row{}, captions: map[uint64]bool{}, found: map[uint64]bool{}}
	for i := range of.held {
		r := &of.held[i]
		c.rows[maphash.Bytes(c.seed, r.image)] = r
		for _, s := range r.captions {
			c.captions[maphash.String(c.seed, s)] = true
		}
	}
	return c
}

// look compares rows lo to hi of d.
func (c *comparison) look(ctx context.Context, d *Dataset, lo, hi int64) error {
	rows, err := d.read(ctx, lo, hi, columns{image: true, caption: true})
	if err != nil {
		return err
	}
	c.overlap.Looked += hi - lo
	for _, r := range rows {
		if len(r.image) == 0 {
			continue
		}
		sum := maphash.Bytes(c.seed, r.image)
		theirs, ok := c.rows[sum]
		if !ok {
			continue
		}
		if len(c.found) == 0 {
			c.overlap.Row, c.overlap.In = theirs.ref, r.ref
		}
		c.found[sum] = c.found[sum] || slices.ContainsFunc(r.captions, func(s string) bool {
			return slices.Contains(theirs.captions, s)
		})
	}
	return nil
}
