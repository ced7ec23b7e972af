package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/goclip/goclip/web/page"
	"github.com/goclip/goclip/web/serve"
)

// How often a viewer's folder is looked at, and how long nothing may be sent.
const (
	pollTime  = time.Second
	quietTime = 15 * time.Second
	sendTime  = 10 * time.Second // for a viewer to take what is sent
)

// Handler shows the run:
//
//	GET /             the page
//	GET /api/run      what is known of the run, newest numbers, findings
//	GET /api/metrics  all lines of training, and the scores
//	GET /api/grid     the pairs of the grid, and its snapshots; ?from=N leaves out N
//	GET /api/events   server-sent events: what the page shows, again when it changes
//	GET /metrics      the newest numbers, in the text format of Prometheus
func (f *Folder) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", f.servePage)
	mux.HandleFunc("GET /live.js", serve.File("text/javascript", liveJS))
	mux.HandleFunc("GET /page.js", serve.File("text/javascript", page.Scripts()))
	mux.HandleFunc("GET /style.css", serve.File("text/css", style()))
	mux.HandleFunc("GET /api/run", func(w http.ResponseWriter, _ *http.Request) { serve.JSON(w, f.State()) })
	mux.HandleFunc("GET /api/metrics", func(w http.ResponseWriter, _ *http.Request) {
		s := f.State()
		serve.JSON(w, map[string]any{"lines": s.Lines, "scores": s.Scores})
	})
	mux.HandleFunc("GET /api/grid", f.serveGrid)
	mux.HandleFunc("GET /api/events", f.serveEvents)
	mux.HandleFunc("GET /metrics", f.servePrometheus)
	return mux
}

func (f *Folder) servePage(w http.ResponseWriter, _ *http.Request) {
	text, err := newView(f.State()).part("live")
	if err != nil {
		serve.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	serve.File("text/html", text)(w, nil)
}

// serveGrid answers with the first line of the grid's file, and its snapshots beside.
func (f *Folder) serveGrid(w http.ResponseWriter, r *http.Request) {
	from, err := strconv.Atoi(r.FormValue("from"))
	if err != nil && r.FormValue("from") != "" || from < 0 {
		serve.Error(w, http.StatusBadRequest,
			fmt.Sprintf("live: from %q; want how many snapshots to leave out", r.FormValue("from")))
		return
	}
	f.State() // reads what is new
	first, snapshots := f.Grid(from)
	all := map[string]json.RawMessage{}
	if first != nil && json.Unmarshal(first, &all) != nil {
		serve.Error(w, http.StatusInternalServerError, "live: the first line of grid.jsonl is not one of a run")
		return
	}
	if all["snapshots"], err = json.Marshal(snapshots); err != nil {
		serve.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	serve.JSON(w, all)
}

// An event is what the page shows.
type event struct {
	Status    string `json:"status"`
	Written   int64  `json:"written"` // milliseconds since 1970
	Top       string `json:"top"`     // HTML
	Rest      string `json:"rest"`
	Snapshots int    `json:"snapshots"`
}

// serveEvents sends a viewer what there is, and again after each change, until
// it goes or the server ends.
func (f *Folder) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // nothing more comes from the viewer
	send := func(text string) error {
		_ = c.SetWriteDeadline(time.Now().Add(sendTime))
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return c.Flush()
	}
	known, last := -1, time.Now()
	poll := time.NewTicker(pollTime)
	defer poll.Stop()
	for ended := false; ; {
		if s := f.State(); s.version != known {
			text, err := f.event(s)
			if err != nil || send(text) != nil {
				return
			}
			known, last = s.version, time.Now()
		} else if time.Since(last) > quietTime {
			if send(": nothing new\n\n") != nil {
				return
			}
			last = time.Now()
		}
		if ended {
			return
		}
		select {
		case <-r.Context().Done():
			ended = true
			time.Sleep(freshTime) // for the last lines to be read
		case <-poll.C:
		}
	}
}

// event is what all viewers get of a state; it is drawn once.
func (f *Folder) event(s State) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.drawn == s.version {
		return f.drawing, nil
	}
	text, err := s.event()
	if err == nil {
		f.drawn, f.drawing = s.version, text
	}
	return text, err
}

func (s State) event() (string, error) {
	v := newView(s)
	e := event{Status: v.Status, Written: s.Written.UnixMilli(), Snapshots: s.Snapshots}
	var err error
	if e.Top, err = v.part("top"); err != nil {
		return "", err
	}
	if e.Rest, err = v.part("rest"); err != nil {
		return "", err
	}
	text, err := json.Marshal(e)
	return "event: view\ndata: " + string(text) + "\n\n", err
}

// servePrometheus answers with the numbers of the newest lines and the
// numbers of the folder.
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
func (f *Folder) servePrometheus(w http.ResponseWriter, _ *http.Request) {
	s := f.State()
	var b strings.Builder
	f.mu.Lock()
	gauges := f.gauges
	f.mu.Unlock()
	if _, err := gauges.WriteTo(&b); err != nil {
		serve.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	fmt.Fprintf(&b, "# TYPE goclip_bad_rows gauge\ngoclip_bad_rows %d\n", s.Bad.Count)
	fmt.Fprintf(&b, "# TYPE goclip_running gauge\ngoclip_running %d\n", map[bool]int{true: 1}[s.Running])
	if len(s.Checkpoints) > 0 {
		fmt.Fprintf(&b, "# TYPE goclip_checkpoint_step gauge\ngoclip_checkpoint_step %d\n", s.Checkpoints[0].Step)
	}
	if len(s.Findings) > 0 {
		b.WriteString("# TYPE goclip_finding gauge\n")
	}
	for _, finding := range s.Findings {
		fmt.Fprintf(&b, "goclip_finding{name=%q} 1\n", finding.Name)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(b.String()))
}
