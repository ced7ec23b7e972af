package main

import "testing"

// TestRun kills a short run twice and stops it once; the command does so 50 times.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds cmd/train and runs it six times")
	}
	if err := killAll(1, 2, 24); err != nil {
		t.Error(err)
	}
}
