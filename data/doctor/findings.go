package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goclip/goclip/data"
)

// A Finding is one thing that is wrong, what to do about it, and how bad it is:
// "error" stops a run or makes its results untrue, "warning" costs accuracy,
// "note" is good to know.
type Finding struct {
	Severity string  `json:"severity"`
	What     string  `json:"what"`
	Do       string  `json:"do"`
	Rows     int     `json:"rows"`
	Share    float64 `json:"share"` // of what it is about
}

var rank = map[string]int{"error": 0, "warning": 1, "note": 2}

// Serious counts what is worse than a note; it is empty where nothing is.
func (r *Report) Serious() string {
	errors, warnings := 0, 0
	for _, f := range r.Findings {
		errors += count(f.Severity == "error")
		warnings += count(f.Severity == "warning")
	}
	if errors+warnings == 0 {
		return ""
	}
	return Number(errors, "error") + " and " + Number(warnings, "warning")
}

// findings are what the numbers of r mean, worst first; read is how the shards
// are read.
func findings(r *Report, c Config, read data.Config) []Finding {
	all := []Finding{}
	say := func(severity string, rows, of int, what, do string) {
		if rows > 0 {
			all = append(all, Finding{severity, what, do, rows, float64(rows) / float64(max(1, of))})
		}
	}
	rowFindings(r, read, say)
	copyFindings(r, say)
	pictureFindings(r, c, say)
	captionFindings(r, c, say)
	labelFindings(r, say)
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(rank[a.Severity]-rank[b.Severity], cmp.Compare(b.Share, a.Share))
	})
	return all
}

// dropNear leaves out pictures that are nearly equal, beside what is left out anyway.
var dropNear = "--drop " + strings.Join(append(slices.Clone(DefaultKinds), Near), ",")

// A sayer takes a finding, unless it is about no rows.
type sayer func(severity string, rows, of int, what, do string)

// level is severity where a share is above a limit, and mild elsewhere.
func level(rows, of int, limit float64, severity, mild string) string {
	if float64(rows) > limit*float64(of) {
		return severity
	}
	return mild
}

// rowFindings are of rows and shards that cannot be read.
func rowFindings(r *Report, c data.Config, say sayer) {
	for _, s := range []struct {
		name string
		*Set
	}{{"", &r.Train}, {" of val", r.Val}} {
		if s.Set == nil {
			continue
		}
		if n := len(s.BrokenShards); n > 0 {
			say("error", n, s.Shards,
				fmt.Sprintf("%s%s cannot be opened, such as %s", Number(n, "shard"), s.name, s.BrokenShards[0]),
				"download or write them again, or leave them out: train refuses to start with them")
		}
		bad := s.Rows - s.Usable
		what := among(bad, s.Rows, "row"+s.name, "cannot", "cannot") + " be used"
		for i, reason := range s.Unusable[:min(3, len(s.Unusable))] {
			what += fmt.Sprintf("%s %d %s", [...]string{":", ",", ","}[i], reason.Rows, reason.Reason)
		}
		severity, do := "warning", "train lists them in a ledger and replaces them by others"
		if c.ExceedsBudget(bad, int64(s.Rows)) {
			severity, do = "error", fmt.Sprintf("more than data.bad_row_budget (%g): a run would stop",
				max(0, c.BadRowBudget))
		}
		do += [2]string{"; --write leaves them out", "; write val again without them"}[count(s.Set == r.Val)]
		say(severity, bad, s.Rows, what, do)
	}
}

// copyFindings are of pictures that occur more than once.
func copyFindings(r *Report, say sayer) {
	if o := r.Overlap; o != nil {
		say("error", o.Rows, r.Val.Rows,
			among(o.Rows, r.Val.Rows, "picture of val", "is", "are")+" in train too: scores on val would be too good",
			"--write leaves them out of train")
		say("warning", o.NearRows, r.Val.Rows,
			among(o.NearRows, r.Val.Rows, "picture of val", "is", "are")+" nearly one of train",
			"look at the pairs on the page; --write with "+dropNear+" leaves them out of train")
		say("note", o.CaptionRows, r.Val.Rows,
			among(o.CaptionRows, r.Val.Rows, "row of val", "has", "have")+" a caption of train",
			"nothing where captions are names of classes; "+
				"where they are sentences, retrieval on val is easier than it should be")
	}
	d := r.Duplicates
	what := fmt.Sprintf("%s the picture of an earlier row, %d of them with its captions too",
		among(d.Rows, r.Train.Usable, "row", "repeats", "repeat"), d.Pairs)
	do := "--write leaves them out: in one batch, each is a wrong answer for the other's caption"
	if d.Rows > d.Pairs {
		do += "; where the rows are several captions of one picture, " +
			"make them one row with a list of captions, or --drop pairs"
	}
	say("warning", d.Rows, r.Train.Usable, what, do)
	say(level(d.NearRows, r.Train.Usable, 0.01, "warning", "note"), d.NearRows, r.Train.Usable,
		among(d.NearRows, r.Train.Usable, "row", "has", "have")+" nearly the picture of an earlier row",
		"look at the pairs on the page: copies that were scaled or saved again go with --write and "+dropNear+"; "+
			"drawings that are alike may stay")
}

// pictureFindings are of sizes and of what is to be seen.
func pictureFindings(r *Report, c Config, say sayer) {
	t := &r.Train
	say("warning", t.Blank, t.Rows,
		among(t.Blank, t.Rows, "picture", "shows", "show")+" next to nothing, as a model sees it",
		"often a dark drawing on a transparent ground, which becomes black, "+
			"or the picture that a site gives for one it has not; --drop blank")
	say("note", t.Small, t.Rows, fmt.Sprintf("%s smaller than the model's %d pixels, and enlarged",
		among(t.Small, t.Rows, "picture", "is", "are"), c.ImageSize),
		"a smaller model.image.size costs less and loses nothing, if most are so small; data.min_size leaves them out")
	say(level(t.Long, t.Rows, 0.05, "warning", "note"), t.Long, t.Rows,
		among(t.Long, t.Rows, "picture", "is", "are")+
			" at least 3 times as long as wide, so that two thirds are cut off",
		"data.max_aspect: 3 leaves them out, data.preprocess.resize: longest keeps them whole")
	if size := max(224, c.ImageSize); t.Large > t.Rows/10 {
		say("note", t.Large, t.Rows,
			fmt.Sprintf("%s 512 pixels or more at the shorter side: "+
				"decoding them costs more than it gives a model of %d",
				among(t.Large, t.Rows, "picture", "has", "have"), size),
			fmt.Sprintf("goclip data pack --short-side %d makes the shards small and fast", size+size/8))
	}
}

// captionFindings are of the texts.
func captionFindings(r *Report, c Config, say sayer) {
	k, f, t := r.Captions, r.Floor, r.Tokens
	if share := f.Loss / f.LnN; share > 0.01 {
		severity := "note"
		switch {
		case r.Train.Labels.Many(): // captions that name classes repeat, and are none the worse for it
		case share > 0.25:
			severity = "error"
		case share > mostFloor:
			severity = "warning"
		}
		do := "captions that say more"
		if r.Train.Labels.Many() {
			do = "as is usual where captions name classes; train.positives: caption takes equal captions for no negatives"
		}
		if r.SuggestedBatch > 0 && r.SuggestedBatch < c.Batch {
			do += fmt.Sprintf(", or batches of %d", r.SuggestedBatch)
		}
		say(severity, k.Captions-k.Distinct, k.Captions, fmt.Sprintf(
			"captions repeat (%d distinct ones of %d): in a batch of %d, %.1f %% of pairs have another's caption, "+
				"and no model gets the loss below %.3f, where guessing has ln N = %.3f (with model.loss sigmoid %.3f, where it has %.3f)",
			k.Distinct, k.Captions, f.Batch, 100*f.Twins, f.Loss, f.LnN, f.SigmoidLoss, f.SigmoidGuess),
			do+"; judge the training loss by its distance from this floor, and accuracy by classes")
	}
	say(level(t.Truncated, k.Captions, 0.05, "warning", "note"), t.Truncated, k.Captions,
		fmt.Sprintf("%s cut off, with more than %d tokens",
			among(t.Truncated, k.Captions, "caption", "is", "are"), t.Context),
		fmt.Sprintf("model.text.context_length: %d holds 99 %% of them whole, or a larger tokenizer.vocab_size", t.P99))
	if !t.Trained {
		other := 0
		for _, s := range k.Scripts {
			other += count(s.Name != "Latin" && s.Name != noLetters) * s.N
		}
		say(level(other, k.Captions, 0.05, "warning", "note"), other, k.Captions,
			among(other, k.Captions, "caption", "is", "are")+
				" not in Latin letters, which the vocabulary may spell byte by byte",
			"leave tokenizer.path empty: a vocabulary is then trained on these captions")
	}
	for _, s := range k.Scripts {
		if s.Name == noLetters {
			say(level(s.N, k.Captions, 0.01, "warning", "note"), s.N, k.Captions,
				among(s.N, k.Captions, "caption", "has", "have")+" no letter",
				"numbers and signs teach a model little; look where they come from")
		}
	}
	say("note", k.Untidy, k.Captions,
		among(k.Untidy, k.Captions, "caption", "has", "have")+" tags or addresses of pages",
		"data.clean_captions: true takes them out")
	say("note", k.Broken, k.Captions,
		among(k.Broken, k.Captions, "caption", "is", "are")+" not valid UTF-8",
		"write them again with the encoding that they came in")
}

// Number is n of something, in words: 1 shard, 2 shards.
func Number(n int, what string) string { return many(n, what, what+"s") }

// many is one word or the other, after the number that it is for.
func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// among is how many of all are so, with their share: "3 rows of val (2.4 %) are ".
func among(n, of int, what, one, more string) string {
	verb := more
	if n == 1 {
		verb = one
	}
	name, rest, _ := strings.Cut(what, " ")
	if rest != "" {
		rest = " " + rest
	}
	return fmt.Sprintf("%s%s (%s) %s", Number(n, name), rest, percent(n, of), verb)
}

func percent(n, of int) string {
	share := 100 * float64(n) / float64(max(1, of))
	if share >= 10 {
		return fmt.Sprintf("%.0f %%", share)
	}
	return fmt.Sprintf("%.2g %%", share)
}
