package checkpoint

// Before returns the newest whole checkpoint of a step before the given one.
// Without one the error is ErrNotFound.
func (s *Store) Before(step int) (*Checkpoint, error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	for _, n := range steps {
		if n >= step {
			continue
		}
		if c, err := s.Load(s.Path(n)); err == nil && c.Step == n {
			return c, nil
		}
	}
	return nil, ErrNotFound
}
