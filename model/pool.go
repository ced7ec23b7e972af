package model

import (
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
)

// A Pool is a fixed number of threads that compute; see [op.Pool]. Wherever this
// module takes one, nil means a pool of all cores that the process shares.
type Pool = op.Pool

// NewPool returns a pool of the given number of threads, the caller's included; 0
// means one for each processor that Go may use. It must be closed.
func NewPool(threads int) *Pool { return kernel.NewPool(threads) }
