package eval

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func captions(all ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func TestAuditCaptions(t *testing.T) {
	classes := []string{"red circle", "blue circle", "bus", "statue of liberty", "Élan", "ox"}
	for caption, want := range map[string][]string{
		"a red circle":                   {"red circle"},
		"A CIRCLE, which is red.":        {"red circle"},
		"red-circle":                     {"red circle"},
		"circles: red and blue":          {"red circle", "blue circle"},
		"a reddish circle":               {},
		"a circle":                       {},
		"two Buses":                      {"bus"},
		"a busy street":                  {},
		"Liberty's statue":               {"statue of liberty"},
		"the élan of a fox":              {"Élan"},
		"E\u0301lan vital":               {"Élan"},
		"an ox.":                         {"ox"},
		"red red red":                    {},
		"":                               {},
		"blue\u00a0\"circle\", blue sky": {"blue circle"},
	} {
		a, err := AuditCaptions(classes, captions(caption))
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, n := range a.Classes {
			if n.Captions > 0 {
				got = append(got, n.Class)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("AuditCaptions of %q (-want +got):\n%s", caption, d)
		}
	}
}

func TestAuditProve(t *testing.T) {
	a, err := AuditCaptions([]string{"red circle", "blue star", "cross"},
		captions("a red circle", "a blue cross", "one circle in red"))
	if err != nil {
		t.Fatal(err)
	}
	want := Audit{3, []Naming{{"red circle", 2, "a red circle"}, {"blue star", 0, ""}, {"cross", 1, "a blue cross"}}}
	if d := cmp.Diff(want, a); d != "" {
		t.Errorf("AuditCaptions (-want +got):\n%s", d)
	}
	if got := a.String(); got != "3 training captions name 2 of 3 classes, and none of the other 1" {
		t.Errorf("String: %s", got)
	}
	if err := a.Prove([]string{"blue star"}); err != nil {
		t.Errorf("Prove: %v", err)
	}
	for want, class := range map[string]string{
		`2 of 3 training captions name it, such as "a red circle"`: "red circle",
		`"blue" is not in the audit`:                               "blue",
	} {
		if err := a.Prove([]string{"blue star", class}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Prove of %q: %v; want error with %q", class, err, want)
		}
	}
}

// TestAuditCaptionsApart holds that the words of one caption do not count for
// the next, that a number is a word, and that an accent belongs to its word.
func TestAuditCaptionsApart(t *testing.T) {
	a, err := AuditCaptions([]string{"red circle", "route 66", "cafe\u0301"},
		captions("a red ball", "a circle", "route 67", "cafe"))
	if err != nil || a.Classes[0].Captions != 0 || a.Classes[1].Captions != 0 || a.Classes[2].Captions != 0 {
		t.Errorf("AuditCaptions: %+v, %v; want no class named", a, err)
	}
}

func TestAuditErrors(t *testing.T) {
	torn := errors.New("torn")
	_, err := AuditCaptions([]string{"cat"}, func(yield func(string, error) bool) { yield("", torn) })
	if !errors.Is(err, torn) {
		t.Errorf("AuditCaptions = %v; want the error of the captions", err)
	}
	if _, err := AuditCaptions([]string{"the"}, captions()); err == nil ||
		!strings.Contains(err.Error(), "no word to look for") {
		t.Errorf("AuditCaptions of a class without words: %v", err)
	}
}

func TestScoreSplit(t *testing.T) {
	images := []float32{1, 0, 0, 1, 0.6, 0.8, -1, 0}
	_, err := testClassifier(t).ScoreSplit(images, []int{0, 1, 0, 2}, []bool{false, true, false, true})
	if err == nil {
		t.Error("a split of too many classes: no error")
	}
	s, err := testClassifier(t).ScoreSplit(images, []int{0, 2, 0, 2}, []bool{false, false, true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Seen.N != 2 || s.Seen.Top1 != 0.5 || s.Unseen.N != 2 || s.Unseen.Top1 != 0.5 || s.Seen.Classes != 3 ||
		s.Harmonic != 0.5 {
		t.Errorf("ScoreSplit: %+v, seen %+v, unseen %+v", s, s.Seen, s.Unseen)
	}
	s, err = testClassifier(t).ScoreSplit(images[:2], []int{0}, []bool{false, false, true})
	if err != nil || s.Unseen != nil || s.Seen.N != 1 || s.Harmonic != 0 {
		t.Errorf("ScoreSplit without unseen: %+v, %v", s, err)
	}
}
