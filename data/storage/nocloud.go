//go:build !cloud

package storage

import (
	"context"
	"fmt"
)

// clouds are the object stores, which this program was built without: their
// clients are more than half of one that has them.
type clouds struct{}

func (clouds) match(_ context.Context, scheme, _, _ string) ([]Name, error) {
	return nil, fmt.Errorf("this program was built without %s://; go build -tags cloud ./cmd/train (eval, data) makes one with it; signed addresses of https need none", scheme)
}

func (clouds) object(_ context.Context, name Name) (object, error) {
	return nil, fmt.Errorf("this program was built without %s://", name.scheme)
}
