package data

import (
	"context"
	"errors"
	"fmt"
	rand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/storage"
)

// survey reads all rows of shards.
func survey(t testing.TB, patterns string, c Config, images bool) (s *Survey, all []Row) {
	t.Helper()
	s, err := OpenSurvey(t.Context(), patterns, c, Need{Caption: true})
	must(t, err)
	for rows, err := range s.Rows(t.Context(), images) {
		must(t, err)
		all = append(all, rows...)
	}
	return s, all
}

// TestSurvey compares a survey with the rows that training reads, over shards
// of lists whose rows, pages and row groups end at different places.
func TestSurvey(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 8 {
		dir := t.TempDir()
		n := 0
		for shard := range 2 {
			var rows []hfRow
			for range 1 + rng.IntN(150) {
				var r hfRow
				r.Image.Bytes = make([]byte, rng.IntN(2)*rng.IntN(900))
				r.Image.Bytes = append(r.Image.Bytes, pixel(t, n)...)
				for i := range rng.IntN(6) {
					r.Captions = append(r.Captions, strings.Repeat(fmt.Sprintf("%d of %d ", i, n), rng.IntN(20)))
				}
				rows = append(rows, r)
				n++
			}
			write(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", shard)), rows, int64(1+rng.IntN(80)))
		}
		c := Config{CaptionChoice: "random"}
		s, got := survey(t, filepath.Join(dir, "*.parquet"), c, true)
		d, err := Open(t.Context(), filepath.Join(dir, "*.parquet"), c, Need{Caption: true})
		must(t, err)
		rows, err := d.read(t.Context(), 0, d.Len(), columns{image: true, caption: true, label: true})
		must(t, err)
		var want []Row
		for i := range rows {
			want = append(want, s.row(&rows[i], true))
		}
		if diff := cmp.Diff(want, got); diff != "" || s.Len() != int64(n) {
			t.Fatalf("%d rows, survey of %d (-want +got):\n%s", n, s.Len(), diff)
		}
		at := int64(rng.IntN(n))
		again, err := s.At(t.Context(), at)
		must(t, err)
		if diff := cmp.Diff(want[at], again); diff != "" || s.Ref(at) != want[at].RowRef {
			t.Errorf("row %d again (-want +got):\n%s", at, diff)
		}
		_, texts := survey(t, filepath.Join(dir, "*.parquet"), c, false)
		for i := range texts {
			if w := want[i]; texts[i].Image != nil || texts[i].Problem != "" ||
				!cmp.Equal(texts[i].Captions, w.Captions) {
				t.Fatalf("row %d without images: %+v, want the captions %q", i, texts[i], w.Captions)
			}
		}
	}
}

// TestSurveyDamage goes on after damage: the rows of a row group that cannot be
// read say so, a shard that cannot be opened is reported.
func TestSurveyDamage(t *testing.T) {
	pattern := hfShards(t, 60, 3, nil)
	dir := filepath.Dir(pattern)
	must(t, os.WriteFile(filepath.Join(dir, "002.parquet"), []byte("no Parquet"), 0o666))
	path := filepath.Join(dir, "001.parquet")
	file, err := os.ReadFile(path)
	must(t, err)
	store, err := storage.New(storage.Config{})
	must(t, err)
	f, p, err := openFile(t.Context(), store, storage.NameOf(path), nil, nil)
	must(t, err)
	s, err := openShard(t.Context(), store, &footers{}, storage.NameOf(path), Config{}, Need{})
	must(t, err)
	at := p.Metadata().RowGroups[1].Columns[s.image].MetaData.DataPageOffset
	must(t, f.Close())
	copy(file[at:], strings.Repeat("\xff", 40))
	must(t, os.WriteFile(path, file, 0o666))
	all, rows := survey(t, pattern, Config{}, true)
	if len(rows) != 40 || len(all.Broken) != 1 ||
		!strings.Contains(all.Broken[0].Error(), "002.parquet: not a whole Parquet file") {
		t.Fatalf("%d rows, broken %v; want 40 and 002.parquet", len(rows), all.Broken)
	}
	for i, r := range rows {
		bad := strings.HasPrefix(r.Problem, "cannot be read: column image: ")
		if want := 27 <= i && i < 34; bad != want || bad != (r.Image == nil) || r.Group != i%20/7 {
			t.Errorf("row %d: problem %q, row group %d, %d bytes; want it lost: %v",
				i, r.Problem, r.Group, len(r.Image), want)
		}
	}
}

func TestSurveyErrors(t *testing.T) {
	pattern := hfShards(t, 60, 2, nil)
	for _, test := range []struct {
		pattern string
		c       Config
		want    string
	}{
		{"none/*.parquet", Config{}, "matches no file"},
		{pattern, Config{Image: "photo"}, "no image column"},
		{pattern, Config{Decoders: -1}, "decoders -1 is negative"},
	} {
		if _, err := OpenSurvey(t.Context(), test.pattern, test.c, Need{}); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("OpenSurvey(%s): %v; want %q", test.pattern, err, test.want)
		}
	}
	s, err := OpenSurvey(t.Context(), pattern, Config{}, Need{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range s.Rows(ctx, true) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after the end of its context, rows end with %v", last)
	}
	for range s.Rows(t.Context(), true) {
		break // which must not be called again
	}
}

// TestSurveyPieces ends a piece early where images are large.
func TestSurveyPieces(t *testing.T) {
	var rows []hfRow
	for range 4 {
		var r hfRow
		r.Image.Bytes, r.Caption = make([]byte, surveyBytes/2-1), "large"
		rows = append(rows, r)
	}
	path := filepath.Join(t.TempDir(), "large.parquet")
	f, err := os.Create(path)
	must(t, err)
	w := parquet.NewGenericWriter[hfRow](f, parquet.Compression(&parquet.Uncompressed),
		parquet.SkipPageBounds("image", "bytes"), parquet.DataPageStatistics(false))
	_, err = w.Write(rows)
	must(t, err)
	must(t, w.Close())
	must(t, f.Close())
	s, err := OpenSurvey(t.Context(), path, Config{}, Need{})
	must(t, err)
	var pieces []int
	for rows, err := range s.Rows(t.Context(), true) {
		must(t, err)
		pieces = append(pieces, len(rows))
		if rows[0].Problem != "" {
			t.Errorf("row %v: %s", rows[0].RowRef, rows[0].Problem)
		}
	}
	if !cmp.Equal(pieces, []int{3, 1}) {
		t.Errorf("pieces of %v rows, want 3 and 1", pieces)
	}
}
