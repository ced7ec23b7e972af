package modelcmd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func inspected(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := Command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs(append([]string{"inspect"}, args...))
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	return out.String(), err
}

func TestInspect(t *testing.T) {
	const folder = "../../../foreign/testdata/folders/transformers-siglip"
	text, err := inspected(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"format       transformers SiglipModel\n", "logit bias   -3\n", "ignored      nothing\n", "SHA-256      ",
		"  loss: sigmoid\n", "      pool: map\n", "  resize: squash\n", "  interpolation: bilinear\n",
		"end 1, padded with 0, cleaned by none\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("inspect prints\n%s; want %q in it", text, want)
		}
	}
	text, err = inspected(t, "--json", folder)
	var i struct {
		Files        []string
		Parameters   int
		SHA256       string
		Tokenizer    vocabulary
		Architecture struct {
			EmbedDim int `json:"embed_dim"`
			Image    struct {
				Pool string `json:"pool"`
			} `json:"image"`
		}
		Preprocess struct {
			Interpolation string `json:"interpolation"`
		}
	}
	if err != nil || json.Unmarshal([]byte(text), &i) != nil {
		t.Fatalf("inspect --json: %v, %s; want JSON", err, text)
	}
	if len(i.SHA256) != 64 || i.Parameters < 1000 || len(i.Files) != 1 || i.Tokenizer.Tokens != 958 ||
		i.Architecture.EmbedDim != 16 || i.Architecture.Image.Pool != "map" || i.Preprocess.Interpolation != "bilinear" {
		t.Errorf("inspect --json: %+v; want what the folder holds", i)
	}
	if text, err = inspected(t, t.TempDir()); err == nil {
		t.Errorf("inspect of an empty folder prints %s; want an error", text)
	}
}
