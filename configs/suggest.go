package configs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goclip/goclip/internal/nearest"
)

// aliases are names that other programs use for keys.
var aliases = map[string]string{
	"accum_freq":                  "train.micro_batch",
	"amp":                         "train.precision",
	"batch":                       "train.batch",
	"batch_size":                  "train.batch",
	"betas":                       "optim.beta1",
	"depth":                       "model.image.layers",
	"dim":                         "model.image.width",
	"dtype":                       "train.precision",
	"ema":                         "optim.ema_decay",
	"epochs":                      "train.steps",
	"eps":                         "optim.epsilon",
	"filter":                      "data.where",
	"grad_accum_steps":            "train.micro_batch",
	"grad_checkpointing":          "train.rematerialize",
	"grad_clip":                   "optim.clip_norm",
	"grad_clip_norm":              "optim.clip_norm",
	"gradient_accumulation_steps": "train.micro_batch",
	"image_size":                  "model.image.size",
	"iters":                       "train.steps",
	"lock_image":                  "train.freeze",
	"lock_image_unlocked_groups":  "train.unlock_image_groups",
	"lock_text":                   "train.freeze",
	"lr":                          "optim.learning_rate",
	"max_grad_norm":               "optim.clip_norm",
	"num_workers":                 "data.decoders",
	"resolution":                  "model.image.size",
	"save_every":                  "checkpoint.every_steps",
	"save_frequency":              "checkpoint.every_steps",
	"train_data":                  "data.train",
	"val_data":                    "data.val",
	"warmup_steps":                "optim.warmup",
	"wd":                          "optim.weight_decay",
	"workers":                     "data.decoders",
}

// unknown is the error of a key that is no leaf. It names the key that is
// probably meant, or the choice.
func (s schema) unknown(key string) error {
	if keys, ok := s.sections[key]; ok {
		return fmt.Errorf("%s is a section; want a key of it, such as %s", key, keys[0])
	}
	if meant := s.meant(key); meant != "" {
		return fmt.Errorf("%s is unknown; did you mean %s?", key, meant)
	}
	section, _ := split(key)
	if keys, ok := s.sections[section]; ok {
		return fmt.Errorf("%s is unknown; want one of %s", key, strings.Join(keys, ", "))
	}
	return fmt.Errorf("%s is unknown; want a key in one of %s", key, strings.Join(s.sections[""], ", "))
}

// meant guesses which key somebody means by one that is unknown: another
// program's name for it, then the nearest of its section, then the nearest of all.
func (s schema) meant(key string) string {
	section, name := split(key)
	if alias, ok := aliases[name]; ok {
		_, short := split(alias)
		for _, k := range []string{join(section, short), alias} {
			if _, ok := s.leaves[k]; ok {
				return k
			}
		}
	}
	inside := s.sections[section]
	all := slices.Sorted(maps.Keys(s.leaves))
	if k := nearest.Of(key, inside); k != "" {
		return k
	}
	if k := sharing(name, inside); k != "" {
		return k
	}
	for _, k := range all {
		if strings.HasSuffix(k, "."+name) {
			return k
		}
	}
	if k := nearest.Of(key, all); k != "" {
		return k
	}
	return sharing(name, all)
}

// split cuts a key into its section, which may be empty, and its name in it.
func split(key string) (section, name string) {
	dot := strings.LastIndexByte(key, '.')
	return key[:max(0, dot)], key[dot+1:]
}

// sharing returns the key whose name shares words with the given one: the key
// that has the most of its words and no other, such as batch for batch_size, or
// else the key that has all of them and the fewest others, such as learning_rate
// for rate. Two words are the most that may differ; of two alike it is the first.
func sharing(name string, keys []string) string {
	words := strings.Split(name, "_")
	fewer, more := "", ""
	least, most := 3, 3
	for _, key := range keys {
		_, have := split(key)
		others := strings.Split(have, "_")
		if n := len(words) - len(others); n < least && containsAll(words, others) {
			fewer, least = key, n
		}
		if n := len(others) - len(words); n < most && containsAll(others, words) {
			more, most = key, n
		}
	}
	return cmp.Or(fewer, more)
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// suggestVariable names the variable that is probably meant by an unknown one.
func suggestVariable(name string) string {
	best, depth := "", -1
	for section := range fields.sections {
		rest, ok := strings.CutPrefix(name, variable(section)+"_")
		if !ok || len(section) <= depth {
			continue
		}
		if key := fields.meant(join(section, strings.ToLower(rest))); key != "" {
			best, depth = variable(key), len(section)
		}
	}
	if best != "" {
		return "; did you mean " + best + "?"
	}
	names := slices.Clone(otherVariables)
	for key := range fields.leaves {
		names = append(names, variable(key))
	}
	return suggest(name, names)
}

// suggest is text that names the candidate nearest to name, if one is near.
func suggest(name string, candidates []string) string {
	if best := nearest.Of(name, candidates); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
