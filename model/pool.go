package model

import "github.com/goclip/goclip/internal/kernel"

// A Pool is a fixed number of threads that compute. Wherever this module takes
// one, nil means a pool of all cores that the process shares. Those who share a
// pool wait for each other; results do not depend on its size.
//
// [kernel.Pool.Threads] is its size, Close ends its threads, Interrupt makes
// what runs on it end at once, with results that mean nothing.
type Pool = kernel.Pool

// NewPool returns a pool of the given number of threads, the caller's included; 0
// means one for each processor that Go may use. It must be closed.
func NewPool(threads int) *Pool { return kernel.NewPool(threads) }
