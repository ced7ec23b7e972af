# The checks of this repository. `make check` is what CI runs; it installs what
# it needs through the Go module proxy.

GO ?= go
LINT = $(GO) tool -modfile=tools.mod golangci-lint

.PHONY: check test fmt vet lint race purego generate bench

check: fmt vet lint test race purego

fmt:
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofmt -w $$files"; exit 1; }

vet:
	$(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./internal/kernel

lint:
	$(LINT) run ./...

test:
	$(GO) test ./...

# Packages where goroutines meet.
race:
	$(GO) test -race -short ./internal/kernel ./data ./data/tokenizer ./train ./checkpoint

# Without assembly, on every platform that we release for.
purego:
	$(GO) test -short -tags purego ./internal/kernel ./model/...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build ./...

# Assembly is generated and committed; a test says when it is stale.
generate:
	$(GO) generate ./...

bench:
	$(GO) test -run '^$$' -bench . ./internal/kernel ./model/vm
