package optim

import (
	"reflect"
	"testing"
)

// TestDefaults states every default.
func TestDefaults(t *testing.T) {
	want := Config{LearningRate: 5e-4, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-6, Schedule: Cosine, CooldownPower: 1,
		Muon: MuonConfig{Momentum: 0.95}}
	var zero Config
	zero.SetDefaults()
	if !reflect.DeepEqual(zero, want) {
		t.Errorf("the zero Config becomes %+v, want %+v", zero, want)
	}
	if want.WeightDecay = 0.2; !reflect.DeepEqual(Default(), want) {
		t.Errorf("Default() = %+v, want %+v", Default(), want)
	}
	chosen := Config{
		LearningRate: 1e-3, Warmup: 5, Schedule: ConstantCooldown, Cooldown: 3, CooldownPower: 2, Beta2: 0.5, Epsilon: 1e-8,
		ClipNorm: 1, EMADecay: 0.9, Muon: MuonConfig{0.02, 0.9, 0.1}, Groups: []Group{{Match: "*"}}, LayerDecay: 0.5,
	}
	got := chosen
	if got.SetDefaults(); !reflect.DeepEqual(got, chosen) {
		t.Errorf("SetDefaults makes %+v of %+v", got, chosen)
	}
	if a, err := New(nil, Config{}, 10, nil); err != nil || !reflect.DeepEqual(a.config, zero) {
		t.Errorf("New with the zero Config: %v; want %+v", err, zero)
	}
}
