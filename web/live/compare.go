package live

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
	"github.com/goclip/goclip/web/serve"
)

//go:embed compare.html
var compareHTML string

//go:embed compare.js
var compareJS string

var compareTemplate = template.Must(page.Template("compare").Funcs(template.FuncMap{
	"breaks": func(key string) template.HTML { // where a key may be broken into lines
		return template.HTML(strings.NewReplacer(".", ".<wbr>", "_", "_<wbr>").Replace(html.EscapeString(key)))
	},
}).Parse(compareHTML))

// Runs are shown together: their curves in one chart each, and a table of their scores
// and of the keys of their configs in which they differ.
type Runs []*Folder

// Handler shows the runs:
//
//	GET /            the page
//	GET /api/part    what of it changes, as HTML
//	GET /run/N/      the page of run N, from 0, and all that is below it
func (r Runs) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			var b bytes.Buffer
			if err := compareTemplate.ExecuteTemplate(&b, name, r.compare()); err != nil {
				serve.Error(w, http.StatusInternalServerError, err.Error())
				return
			}
			serve.File("text/html", b.String())(w, nil)
		}
	}
	mux.HandleFunc("GET /{$}", answer("compare"))
	mux.HandleFunc("GET /api/part", answer("part"))
	mux.HandleFunc("GET /page.js", serve.File("text/javascript", page.Scripts()))
	mux.HandleFunc("GET /compare.js", serve.File("text/javascript", compareJS))
	mux.HandleFunc("GET /style.css", serve.File("text/css", style()))
	for i, f := range r {
		at := fmt.Sprintf("/run/%d", i)
		mux.Handle("GET "+at+"/", http.StripPrefix(at, f.Handler()))
	}
	return mux
}

// A comparison is what compare.html shows.
type comparison struct {
	Scores []string // names of columns
	Keys   []string
	Rows   []compared
	Charts []template.HTML
}

// A compared is a run in the table.
type compared struct {
	Number, Color      int
	Name, Status, Loss string
	Step               int
	Scores, Values     []string
}

// none stands for a number that a run does not have.
const none = "–"

func (r Runs) compare() (c comparison) {
	states, names := make([]State, len(r)), r.names()
	run := make([]*configs.Run, len(r))
	column := map[string]int{}
	for i, f := range r {
		states[i] = f.State()
		run[i] = states[i].config
		for _, s := range states[i].numbers() {
			if _, known := column[s.Name]; !known {
				column[s.Name] = len(c.Scores)
				c.Scores = append(c.Scores, s.Name)
			}
		}
	}
	differing := configs.DifferingKeys(run)
	for _, d := range differing {
		c.Keys = append(c.Keys, d.Key)
	}
	for i, s := range states {
		row := compared{Number: i, Color: min(i, page.Colors-1), Name: names[i], Status: s.status(), Step: s.Step, Loss: none}
		if s.Newest != nil {
			row.Loss = fmt.Sprintf("%.3f", s.Newest.Loss)
		}
		row.Scores = make([]string, len(c.Scores))
		for k := range row.Scores {
			row.Scores[k] = none
		}
		for _, n := range s.numbers() {
			row.Scores[column[n.Name]] = n.Value
		}
		for _, d := range differing {
			row.Values = append(row.Values, d.Values[i])
		}
		c.Rows = append(c.Rows, row)
	}
	for _, curve := range overlay(states, names) {
		if chart := curve.HTML(); chart != "" {
			c.Charts = append(c.Charts, chart)
		}
	}
	return c
}

// names are those of the folders, with what is above them where two have the same.
func (r Runs) names() []string {
	all, times := make([]string, len(r)), map[string]int{}
	for _, f := range r {
		times[filepath.Base(f.Dir)]++
	}
	for i, f := range r {
		if all[i] = filepath.Base(f.Dir); times[all[i]] > 1 {
			all[i] = f.Dir
		}
	}
	return all
}

// numbers are the scores of the newest evaluation, by which runs are compared.
func (s State) numbers() (all []tile) {
	for _, e := range s.latest() {
		all = append(all, comparable(e)...)
	}
	return all
}

func comparable(e train.Evaluation) (all []tile) {
	if e.Accuracy != nil {
		all = append(all, tile{Name: e.Set + ": top-1 %", Value: fmt.Sprintf("%.1f", 100*e.Top1)})
	}
	if p := e.PairScores; p != nil {
		all = append(all, tile{Name: e.Set + ": recall %", Value: fmt.Sprintf("%.1f", 100*p.Recall)},
			tile{Name: e.Set + ": loss", Value: fmt.Sprintf("%.3f", p.Loss)})
	}
	return all
}

// overlay draws the curves of all runs that have a title in one chart, a color a run.
func overlay(states []State, names []string) (all []page.Curve) {
	at := map[string]int{}
	for i, s := range states {
		for _, c := range Curves(s.Lines, s.Scores) {
			k, known := at[c.Title]
			if !known {
				k = len(all)
				at[c.Title] = k
				all = append(all, page.Curve{Title: c.Title, High: c.High, Marks: c.Marks})
			}
			for j, l := range c.Lines {
				if l.Name = names[i]; len(c.Lines) > 1 {
					l.Name += ": " + c.Lines[j].Name
				}
				l.Color, l.Dashed = i, j > 0
				all[k].Lines = append(all[k].Lines, l)
			}
			for _, m := range c.Marks {
				if !hasMark(all[k].Marks, m) {
					all[k].Marks = append(all[k].Marks, m)
				}
			}
		}
	}
	return all
}

func hasMark(all []page.Mark, m page.Mark) bool {
	for _, have := range all {
		if have == m {
			return true
		}
	}
	return false
}
