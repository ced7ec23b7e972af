package optim

import (
	"math"
	"strings"
	"testing"
)

// TestSchedule has the values of open_clip's cosine_lr, const_lr and
// const_lr_cooldown at their borders, and of 1 - sqrt(x), for a peak of 2.
func TestSchedule(t *testing.T) {
	const steps = 12
	for _, test := range []struct {
		c    Config
		want map[int]float64
	}{
		{Config{Warmup: 4}, map[int]float64{0: 0.5, 3: 2, 4: 2, 8: 1, 11: 1 + math.Cos(math.Pi*7/8), 12: 0, 20: 0}},
		{Config{Warmup: 4, Schedule: Cosine}, map[int]float64{0: 0.5, 3: 2, 4: 2, 8: 1, 12: 0}},
		{Config{}, map[int]float64{0: 2, 6: 1}},
		{Config{Warmup: 4, Schedule: Constant}, map[int]float64{0: 0.5, 2: 1.5, 3: 2, 4: 2, 11: 2, 12: 2, 20: 2}},
		{
			Config{Warmup: 4, Schedule: ConstantCooldown, Cooldown: 4},
			map[int]float64{0: 0.5, 3: 2, 4: 2, 7: 2, 8: 2, 9: 1.5, 10: 1, 11: 0.5, 12: 0, 20: 0},
		},
		{
			Config{Warmup: 4, Schedule: ConstantCooldown, Cooldown: 4, CooldownPower: 2},
			map[int]float64{3: 2, 8: 2, 9: 2 * 9. / 16, 10: 0.5, 11: 2. / 16, 12: 0},
		},
		{
			Config{Warmup: 4, Schedule: WarmupStableDecay, Cooldown: 4},
			map[int]float64{0: 0.5, 3: 2, 4: 2, 8: 2, 9: 1, 10: 2 - math.Sqrt2, 11: 2 - math.Sqrt(3), 12: 0, 20: 0},
		},
		{Config{Schedule: ConstantCooldown, Cooldown: 11}, map[int]float64{0: 2, 1: 2, 2: 2 * 10. / 11, 11: 2. / 11}},
	} {
		test.c.LearningRate = 2
		for step, want := range test.want {
			if got := test.c.At(step, steps); !(math.Abs(got-want) <= 1e-12) {
				t.Errorf("%s %g, cooldown %d: learning rate after %d steps = %g, want %g",
					test.c.Schedule, test.c.CooldownPower, test.c.Cooldown, step, got, want)
			}
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{
			Config{Schedule: "linear"},
			`schedule "linear" is unknown; want one of cosine, constant, constant_cooldown, warmup_stable_decay`,
		},
		{Config{Schedule: ConstantCooldown}, "cooldown 0 with schedule constant_cooldown; want"},
		{Config{Schedule: WarmupStableDecay, Cooldown: -1}, "cooldown -1 with schedule warmup_stable_decay; want"},
		{Config{Cooldown: 3}, "cooldown 3 with schedule cosine, which has none"},
		{Config{Schedule: Constant, CooldownPower: 2}, "cooldown_power 2 with schedule constant, which has none"},
		{Config{Schedule: ConstantCooldown, Cooldown: 3, CooldownPower: -2}, "cooldown_power -2 is not positive"},
		{Config{Schedule: ConstantCooldown, Cooldown: 3, CooldownPower: math.NaN()}, "cooldown_power NaN is not positive"},
		{Config{Schedule: WarmupStableDecay, Warmup: 2, Cooldown: 8}, "cooldown 8 is not less than the 8 steps after"},
	} {
		if _, err := New(nil, test.c, 10, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("New: %v; want error with %q", err, test.want)
		}
	}
}
