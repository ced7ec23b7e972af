package evalcmd

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/data"
)

// TestSearch finds images by a text, and one of them by itself.
func TestSearch(t *testing.T) {
	enter(t)
	sheet := filepath.Join(t.TempDir(), "s.png")
	out := ok(t, "search", "--checkpoint", "r", "--embeddings", embedded(t), "--text", "a red circle", "--k", "5",
		"--sheet", sheet, "--json")
	f := parse[found](t, out[:strings.Index(out, "\n")+1])
	if strings.Count(out, "\n") != 5 || f.Rank != 1 || len(f.Captions) != 1 {
		t.Errorf("search --json: %s", out)
	}
	drawn, err := os.Open(sheet)
	if err != nil {
		t.Fatal(err)
	}
	defer drawn.Close()
	if m, err := png.Decode(drawn); err != nil || m.Bounds().Dx() < 500 {
		t.Errorf("contact sheet: %v", err)
	}
	file, _, err := data.ReadImage(t.Context(), data.RowRef{Shard: f.Shard, Row: f.Row}, data.Config{})
	picture := filepath.Join(t.TempDir(), "found.png")
	if err != nil || os.WriteFile(picture, file, 0o666) != nil {
		t.Fatal(err)
	}
	out = ok(t, "search", "--checkpoint", "r", "--data", valData, "--image", picture, "--k", "1")
	if !strings.Contains(out, "1.000") || !strings.Contains(out, f.Captions[0]) {
		t.Errorf("search for an image of the data: %s; want itself, %q", out, f.Captions[0])
	}
}
