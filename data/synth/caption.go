package synth

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
)

// caption describes a scene. It always names the color and the shape, and
// sometimes the texture, the size and the place.
func caption(rng *rand.Rand, s Scene) string {
	color, shape := colors[s.Class/len(shapes)].name, shapes[s.Class%len(shapes)].name
	texture, size, place := "", "", ""
	if s.Texture > 0 && rng.IntN(2) == 0 || rng.IntN(10) == 0 {
		texture = textures[s.Texture]
	}
	if rng.IntN(5) < 2 {
		size = [3][]string{{"small", "little"}, {"", ""}, {"large", "big"}}[s.Size][rng.IntN(2)]
	}
	if s.Size < 2 && rng.IntN(5) < 2 { // a large shape is nearly in the middle everywhere
		place = placeName(s)
	}

	thing := words(size, color, texture, shape)
	if rng.IntN(2) == 0 {
		thing = words(size, texture, color, shape)
	}
	switch rng.IntN(14) {
	case 0, 1:
		return words(article(thing), thing, place)
	case 2:
		return words("the", thing, place)
	case 3:
		return words("one", thing, place)
	case 4:
		return words(thing, place)
	case 5:
		return list(shape, color, texture, size, place)
	case 6:
		return list(words(color, shape), texture, size, place)
	case 7:
		return words("there is", article(thing), thing, "in the picture")
	case 8:
		return words("there is one", thing, "in the picture")
	case 9:
		return words("a picture of", article(thing), thing, place)
	case 10:
		return words("a picture of one", thing)
	case 11:
		return words("a drawing of", article(thing), thing, place)
	case 12:
		thing = words(size, texture, shape)
		return words(article(thing), thing, "that is", color)
	default:
		return words("the", size, texture, shape, place, "is", color)
	}
}

// placeName says where a shape is.
func placeName(s Scene) string {
	down, across := [3]string{"top", "", "bottom"}[s.Down+1], [3]string{"left", "", "right"}[s.Across+1]
	switch {
	case down == "" && across == "":
		return "in the middle"
	case down == "":
		return "on the " + across
	}
	return words("at the", down, across)
}

// words joins those that are not empty.
func words(parts ...string) string { return join(parts, " ") }

// list joins those that are not empty, with commas.
func list(parts ...string) string { return join(parts, ", ") }

func join(parts []string, by string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), by)
}

// article is the one that comes before thing.
func article(thing string) string {
	if strings.HasPrefix(thing, "orange") || strings.HasPrefix(thing, "arrow") ||
		strings.HasPrefix(thing, "hourglass") {
		return "an"
	}
	return "a"
}

// A Scan counts what captions name.
type Scan struct {
	Captions int
	PerClass []int // by index into Classes
}

func (s Scan) String() string {
	seen, heldOut := 0, 0
	for class, n := range s.PerClass {
		if n > 0 {
			seen++
		}
		if HeldOut(class) {
			heldOut++
		}
	}
	return fmt.Sprintf("%d training captions name %d of %d combinations of color and shape, "+
		"and none of the %d held out",
		s.Captions, seen, len(s.PerClass), heldOut)
}

// ScanCaptions reads the words of captions, as a proof of what training shows.
// It is an error that a caption names a combination that is held out, names
// no color or no shape, or more than one.
func ScanCaptions(captions iter.Seq2[string, error]) (Scan, error) {
	scan := Scan{PerClass: make([]int, len(colors)*len(shapes))}
	for text, err := range captions {
		if err != nil {
			return scan, fmt.Errorf("synth: scan: %w", err)
		}
		class, err := classOf(text)
		if err != nil {
			return scan, err
		}
		if HeldOut(class) {
			return scan, fmt.Errorf("synth: caption %d: %q names a combination that training must not show",
				scan.Captions, text)
		}
		scan.Captions++
		scan.PerClass[class]++
	}
	return scan, nil
}

// classOf returns the class that the words of a caption name.
func classOf(text string) (int, error) {
	hue, form := -1, -1
	letters := func(r rune) bool { return r < 'a' || r > 'z' }
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), letters) {
		c := slices.IndexFunc(colors, func(p paint) bool { return p.name == word })
		s := slices.IndexFunc(shapes, func(s shape) bool { return s.name == word })
		if c >= 0 && hue >= 0 && c != hue || s >= 0 && form >= 0 && s != form {
			return 0, fmt.Errorf("synth: caption %q names several colors or shapes; want one", text)
		}
		hue, form = max(hue, c), max(form, s)
	}
	if hue < 0 || form < 0 {
		return 0, fmt.Errorf("synth: caption %q; want a color and a shape in it", text)
	}
	return hue*len(shapes) + form, nil
}
