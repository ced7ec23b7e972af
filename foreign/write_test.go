package foreign

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/checkpoint/weightfile"
)

// What Tensors gives is what the makers' library wrote: names, shapes and values.
func TestWrittenTensors(t *testing.T) {
	for _, dir := range folders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			clip, err := Load(m.Weights, m.Config)
			if err != nil {
				t.Fatal(err)
			}
			w, err := weightfile.Open(m.Weights)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			layout := map[string]Layout{"open_clip": PlainNames, "transformers CLIPModel": CLIPNames,
				"transformers SiglipModel": SiglipNames}[m.Format]
			prefix := ""
			for _, tensor := range w.Tensors() {
				if strings.HasPrefix(tensor.Name, "visual.trunk.") {
					layout = TrunkNames
				} else if strings.HasPrefix(tensor.Name, "text.") && layout == PlainNames {
					prefix = "text."
				}
			}
			have, err := Tensors(clip, layout)
			if err != nil {
				t.Fatal(err)
			}
			byName := map[string]checkpoint.Tensor{}
			for _, tensor := range have {
				if !strings.HasPrefix(tensor.Name, "visual.") && !strings.HasPrefix(tensor.Name, "logit_") {
					tensor.Name = prefix + strings.TrimPrefix(tensor.Name, prefix)
				}
				byName[tensor.Name] = tensor
			}
			for _, want := range w.Tensors() {
				if strings.HasSuffix(want.Name, "position_ids") {
					continue
				}
				tensor, ok := byName[want.Name]
				values := make([]float32, want.Elements())
				if err := w.ReadFloat32s(want.Name, values); err != nil {
					t.Fatal(err)
				}
				if !ok || !slices.Equal(tensor.Shape, want.Shape) || !slices.Equal(tensor.Data, values) {
					t.Errorf("%s: have %v, found %t; want %v and the values of the file", want.Name, tensor.Shape, ok, want.Shape)
				}
				delete(byName, want.Name)
			}
			for name := range byName {
				t.Errorf("%s is not in the file", name)
			}
		})
	}
}
