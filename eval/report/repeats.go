package report

import "fmt"

// repeats says what captions that several images have mean for recall, or nothing where
// there are none. Such captions tie, and no model finds out whose one is asked for: of k
// images that have a caption, the right one is first in one case of k.
func repeats(captions []string, imageOf []int) string {
	images := map[string]map[int]bool{}
	for j, caption := range captions {
		if images[caption] == nil {
			images[caption] = map[int]bool{}
		}
		images[caption][imageOf[j]] = true
	}
	shared, best := 0, 0.0
	for _, caption := range captions {
		n := len(images[caption])
		if n > 1 {
			shared++
		}
		best += 1 / float64(n) / float64(len(captions))
	}
	if shared == 0 {
		return ""
	}
	return fmt.Sprintf("%d of the %d captions belong to several images, which no model can tell apart by them: "+
		"such ties count as chance, and the best recall that a model can have is about %.1f %% at 1",
		shared, len(captions), 100*best)
}
