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
	var i inspection
	if err != nil || json.Unmarshal([]byte(text), &i) != nil {
		t.Fatalf("inspect --json: %v, %s; want JSON", err, text)
	}
	if len(i.SHA256) != 64 || i.Parameters < 1000 || len(i.Files) != 1 || i.Tokenizer.Tokens != 958 ||
		i.Config.EmbedDim != 16 {
		t.Errorf("inspect --json: %+v; want what the folder holds", i)
	}
	if text, err = inspected(t, t.TempDir()); err == nil {
		t.Errorf("inspect of an empty folder prints %s; want an error", text)
	}
}
