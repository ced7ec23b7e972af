package foreign

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConfig reads any text as each config. What is read has been checked, and an
// error is one line.
func FuzzConfig(f *testing.F) {
	for _, pattern := range []string{"*/" + openCLIPFile, "*/" + transformersFile, "*/" + preprocessorFile} {
		paths, _ := filepath.Glob(filepath.Join(here, pattern))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, take := range []func(m *Model, c *config, root *object) error{
			(*Model).openCLIP, (*Model).transformers,
			func(m *Model, c *config, root *object) error {
				m.Preprocess = m.imageProcessor(root)
				return c.end()
			},
		} {
			m := &Model{Weights: "none"}
			c, root := newConfig("config", text)
			if err := take(m, c, root); err == nil {
				_ = m.Config.Validate() // without a panic
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q; want one line", err)
			}
		}
	})
}
