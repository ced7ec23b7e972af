package goclip_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/configs"
)

// A reader follows the pages at a shell: in a folder with photos of their own, and
// for commands that begin with go in a clone.
type reader struct {
	work, clone string
	environ     []string
	failed      bool // a block did, so what later ones need may be missing
}

// small makes runs of seconds of what takes minutes or hours.
var small = []string{
	"GOCLIP_TRAIN_STEPS=20", "GOCLIP_TRAIN_BATCH=16", "GOCLIP_OPTIM_WARMUP=1",
	"GOCLIP_MODEL_IMAGE_LAYERS=1", "GOCLIP_MODEL_TEXT_LAYERS=1", "GOCLIP_CHECKPOINT_EVERY_STEPS=10",
	"GOCLIP_WORLD_DRAW_TRAIN=300", "GOCLIP_WORLD_DRAW_VAL_SEEN=20", "GOCLIP_WORLD_DRAW_VAL_UNSEEN=20",
}

// prelude maps commands to the program under test. A server goes to the background
// at a free port until the block ends, and curl waits for it.
const prelude = `
stop() {
	if [ -f server.pid ]; then
		kill "$(cat server.pid)" 2>/dev/null || :
		while kill -0 "$(cat server.pid)" 2>/dev/null; do sleep 0.05; done
		rm server.pid
	fi
}
trap stop EXIT
goclip() {
	for a; do
		shift
		case "$a" in 127.0.0.1:8080) a=$DOCS_ADDRESS ;; esac
		set -- "$@" "$a"
	done
	case "$1 ${2-}" in
	"eval serve")
		stop
		"$DOCS_PROGRAM" "$@" --listen "$DOCS_ADDRESS" & echo $! >server.pid
		ready ;;
	*) "$DOCS_PROGRAM" "$@" ;;
	esac
}
go() {
	case "$*" in
	"run ./cmd/"*) name=${2#./cmd/}; shift 2; goclip "$name" "$@" ;;
	"test ./...") ;; # which runs this
	*) echo "go $*: docs_run_test.go does not know this command" >&2; return 1 ;;
	esac
}
ready() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		if command curl -sf -o /dev/null "http://$DOCS_ADDRESS/"; then return; fi
		sleep 0.2
	done
	echo "no server answers" >&2
	return 1
}
curl() {
	ready
	for a; do
		shift
		case "$a" in localhost:8080*) a=$DOCS_ADDRESS${a#localhost:8080} ;; esac
		set -- "$@" "$a"
	done
	command curl -sSf "$@"
}
`

func newReader(t *testing.T) *reader {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the commands of the documentation are for the shell of a Unix")
	}
	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not here, which the commands of the documentation need", name)
		}
	}
	dir := t.TempDir()
	r := &reader{work: filepath.Join(dir, "work"), clone: filepath.Join(dir, "clone")}
	program := filepath.Join(dir, "goclip")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/goclip").CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/goclip: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GOCLIP_") {
			r.environ = append(r.environ, v)
		}
	}
	r.environ = append(r.environ, "DOCS_PROGRAM="+program, "DOCS_ADDRESS="+address)
	r.environ = append(r.environ, small...)
	if err := os.CopyFS(filepath.Join(r.clone, "configs"), os.DirFS("configs")); err != nil {
		t.Fatal(err)
	}
	writeOwn(t, r.work)
	return r
}

// writeOwn writes what the pages take for a reader's own: photos in folders of
// classes, one beside, a table of pairs, and prompts.
func writeOwn(t *testing.T, dir string) {
	t.Helper()
	pairs := "path,text\n"
	for c, class := range []string{"cat", "dog", "ship"} {
		for i := range 32 {
			path := filepath.Join("photos", class, fmt.Sprintf("%02d.jpg", i))
			writePhoto(t, filepath.Join(dir, path), color.RGBA{uint8(80 * c), uint8(7 * i), 99, 255})
			pairs += fmt.Sprintf("%s,number %d is a %s\n", filepath.ToSlash(path), i, class)
		}
	}
	writePhoto(t, filepath.Join(dir, "photo.jpg"), color.RGBA{80, 77, 99, 255})
	for name, text := range map[string]string{"pairs.csv": pairs,
		"templates.txt": "a photo of a {}\na drawing of a {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func writePhoto(t *testing.T, path string, c color.RGBA) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 40, 32))
	for y := range 32 {
		for x := range 40 {
			m.Set(x, y, color.RGBA{c.R + uint8(x), c.G + uint8(y*x), c.B, 255})
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, m, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// run runs a block of commands, each of which must succeed. After one that failed it
// runs none.
func (r *reader) run(t *testing.T, b block) {
	t.Helper()
	if r.failed {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-euc", prelude+b.text)
	c.Dir, c.Env, c.WaitDelay = r.work, r.environ, 10*time.Second
	if strings.HasPrefix(b.text, "go ") {
		c.Dir = r.clone
	}
	start := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		r.failed = true
		t.Errorf("%s: %v after %.1f s:\n%s\n%s",
			b, err, time.Since(start).Seconds(), indent([]byte(b.text)), indent(tail(out)))
	}
}

// tail is the end of an output.
func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }

// checkRecipe holds that the keys of a YAML block exist and have the right types.
func checkRecipe(t *testing.T, b block) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "block.yaml")
	if err := os.WriteFile(path, []byte(b.text), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := configs.LoadResume("configs/quickstart.yaml", path, nil, nil); err != nil {
		t.Errorf("%s: %v", b, err)
	}
}

// selector is a name that a block takes from a package.
var selector = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)

// compile vets the Go of the pages in a module of its own, as an importer would. A
// block that is no file is the body of a function that has ctx and returns an error.
func compile(t *testing.T, programs []block) {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			text = []byte(strings.Replace(string(text), "module "+module, "module docs", 1))
			text = fmt.Appendf(text, "\nrequire %s v0.0.0\nreplace %[1]s => %s\n", module, root)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for i, b := range programs {
		folder := filepath.Join(dir, fmt.Sprint("block", i))
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "block.go"), []byte(file(t, b)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("go", "vet", "-mod=mod", "./...")
	c.Dir, c.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("go vet of the pages: %v\n%s", err, indent(out))
	}
}

// file makes a Go file of a block, whose errors name the line of the page.
func file(t *testing.T, b block) string {
	t.Helper()
	at := fmt.Sprintf("//line %s:%d\n", b.page, b.line)
	if strings.HasPrefix(b.text, "package ") {
		return at + b.text
	}
	packages := map[string]string{
		"errors": "errors", "fmt": "fmt", "os": "os", "goclip": module, "tokenizer": module + "/data/tokenizer",
	}
	var imports []string
	for _, m := range selector.FindAllStringSubmatch(b.text, -1) {
		if path, ok := packages[m[1]]; ok {
			imports = append(imports, path)
		} else if info, err := os.Stat(m[1]); err == nil && info.IsDir() {
			imports = append(imports, module+"/"+m[1])
		}
	}
	slices.Sort(imports)
	s := "package docs\n\nimport \"context\"\n"
	for _, path := range slices.Compact(imports) {
		s += fmt.Sprintf("import %q\n", path)
	}
	s += "\nfunc _(ctx context.Context) error {\n" + at + b.text
	if last := strings.TrimSpace(b.text); !strings.HasPrefix(last[strings.LastIndex(last, "\n")+1:], "return") {
		s += "\nreturn nil\n"
	}
	return s + "}\n"
}
