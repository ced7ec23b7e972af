package vm

import (
	"sort"
	"time"
)

// An OpTime is the time of the steps of one name in a run.
type OpTime struct {
	Op      string  `json:"op"`
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
}

// Profile runs m once, as RunAll does, and reports the time of its steps, summed
// by the name of the operation, the longest first.
func (m *Machine) Profile() ([]OpTime, error) {
	if err := m.bind(); err != nil {
		return nil, err
	}
	m.pool.Lock()
	defer m.pool.Unlock()
	at := map[string]int{}
	var times []OpTime
	for _, s := range m.steps {
		i, ok := at[s.name]
		if !ok {
			i = len(times)
			at[s.name] = i
			times = append(times, OpTime{Op: s.name})
		}
		start := time.Now()
		s.run(m.pool, s.outs, s.ins)
		times[i].Calls++
		times[i].Seconds += time.Since(start).Seconds()
	}
	sort.SliceStable(times, func(i, j int) bool { return times[i].Seconds > times[j].Seconds })
	return times, nil
}
