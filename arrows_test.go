package goclip_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/goclip/goclip"

// arrows says which packages of this module a package may import, its tests
// apart: a line for each. A trailing /... stands for the package and all below it.
const arrows = `
goclip: configs data data/preprocess data/tokenizer eval internal/guard internal/kernel model run train
internal/kernel:
internal/regular:
internal/prompt:
internal/size:
internal/glob:
internal/dist:
internal/pjrt:
model/xla: model/hlo model/op
internal/bounded:
internal/atomicfile:
internal/duration:
internal/nearest:
checkpoint: checkpoint/weights
data/preprocess: internal/kernel
data/tokenizer: internal/regular
data/synth: internal/atomicfile
data/storage: internal/atomicfile
data/pack: data data/parquetfile data/preprocess data/storage internal/atomicfile internal/guard internal/prompt internal/regular
data/doctor: data data/pack data/preprocess data/storage data/tokenizer internal/atomicfile internal/guard web/page
data: data/parquetfile data/preprocess data/storage data/tokenizer data/where internal/guard internal/size
model/hlo:
model/op: internal/kernel model/hlo
model/vm: internal/kernel model/op
model: internal/glob internal/kernel model/op model/vm
optim: internal/glob internal/kernel model
train: data data/tokenizer internal/atomicfile internal/duration internal/glob internal/kernel internal/size model optim train/embedcache
train/embedcache:
eval: data data/tokenizer eval/embeddings internal/kernel internal/prompt internal/regular model
configs: checkpoint checkpoint/weightfile data/... eval foreign internal/nearest internal/regular model optim train
foreign: checkpoint checkpoint/weightfile checkpoint/weights data/preprocess data/tokenizer model
export: checkpoint data/preprocess data/tokenizer foreign internal/atomicfile model
run: checkpoint checkpoint/weightfile configs export foreign data/... eval internal/... model train train/embedcache web/page
eval/suite: data eval eval/embeddings
web/page:
web/serve:
web/live: checkpoint configs data internal/duration run train web/page web/serve
web/api: data/preprocess eval eval/embeddings model
web/demo: data data/preprocess eval eval/embeddings internal/prompt model web/api web/page web/serve
bench: internal/kernel model model/vm optim // model/vm reports the time of operations
bench/race: bench // reads its report
bench/killtest: checkpoint run
bench/mutate:
bench/soak: ...
cmd/internal/cli: data/storage internal/kernel internal/nearest
checkpoint/weights:
checkpoint/torchfile: checkpoint/weights
checkpoint/weightfile: checkpoint checkpoint/torchfile checkpoint/weights
configs/gen: configs
internal/guard:
data/parquetfile: internal/guard
data/where: data/parquetfile internal/guard
eval/embeddings: data data/parquetfile internal/atomicfile internal/regular
eval/report: data data/preprocess eval eval/embeddings model web/page
cmd: cmd/internal/... internal/kernel
`

// parseArrows reads arrows: what each package may import.
func parseArrows() map[string][]string {
	may := map[string][]string{}
	for line := range strings.Lines(arrows) {
		line, _, _ = strings.Cut(line, "//")
		if name, imports, ok := strings.Cut(line, ":"); ok {
			may[name] = strings.Fields(imports)
		}
	}
	return may
}

// gorgonia is the one import from outside that has a place of its own.
var gorgonia = []string{"model/..."}

// TestArrows holds the layers of DESIGN.md.
func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := parseArrows()
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if p.ImportPath == module {
			name = "goclip"
		}
		may, known := all[name]
		if strings.HasPrefix(name, "cmd/") && !known {
			continue // the top: it may import everything
		}
		if !known && len(p.Imports) > 0 {
			t.Errorf("%s has no line in arrows; give it one", p.ImportPath)
			continue
		}
		for _, to := range may {
			if runtime.GOOS == "linux" && !strings.HasSuffix(to, "...") && !slices.Contains(p.Imports, module+"/"+to) {
				t.Errorf("%s does not import %s; want the line in arrows without it", name, to)
			}
		}
		for _, path := range p.Imports {
			inner, ours := strings.CutPrefix(path, module+"/")
			switch {
			case ours && !matches(inner, may):
				t.Errorf("%s imports %s; want only %v", name, inner, may)
			case strings.HasPrefix(path, "gorgonia.org/gorgonia") && !matches(name, gorgonia):
				t.Errorf("%s imports Gorgonia; want it only in %v", name, gorgonia)
			}
		}
	}
}

func matches(name string, patterns []string) bool {
	for _, p := range patterns {
		dir, tree := strings.CutSuffix(p, "...")
		if name == p || tree && strings.HasPrefix(name+"/", dir) {
			return true
		}
	}
	return false
}

// never says what no package may import, but for those named: what runs code
// that a file holds, starts processes, or opens connections.
var never = map[string][]string{
	"encoding/gob": {},
	"plugin":       {},
	"net":          {"data/storage", "web/serve"},
	"net/http":     {"cmd/internal/evalcmd", "data/storage", "web/..."},
	"os/exec":      {"bench/killtest", "bench/mutate", "bench/race", "cmd/internal/cli"}, // the last for --open
}

// TestNever holds what SECURITY.md says of code and connections.
func TestNever(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module+"/")
		for _, path := range fields[1:] {
			if except, ok := never[path]; ok && !matches(name, except) {
				t.Errorf("%s imports %s; want none but %v to", name, path, except)
			}
		}
	}
}
