# The checks of this repository. `make check` is what CI runs; it downloads what
# it needs through the Go module proxy.

GO ?= go
LINT = $(GO) tool -modfile=$(CURDIR)/tools.mod golangci-lint

# Each module is checked as those get it who import it: go.work is for editors.
export GOWORK = off
GENERATOR = internal/kernel/_gen
MODULES = . cloud web/shots internal/extern
each = @set -e; for m in $(1); do echo "$$m: $(2)"; (cd $$m && $(2)); done

.PHONY: check download tidy test fmt vet lint detector purego turbojpeg qemu mpi xla generate bench race

# With CI set, the test of the generated assembly fails where the generator lacks
# something, instead of skipping.
check: export CI = true
check: download tidy fmt vet lint test detector purego turbojpeg qemu mpi

download:
	$(call each,$(MODULES) $(GENERATOR),$(GO) mod download)

tidy:
	$(call each,$(MODULES) $(GENERATOR),$(GO) mod tidy -diff)

fmt:
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofmt -w $$files"; exit 1; }

vet:
	$(call each,$(MODULES),$(GO) vet ./...)
	GOARCH=arm64 $(GO) vet ./internal/kernel
	$(GO) vet -tags mpi ./internal/dist
	$(GO) vet -tags xla ./internal/pjrt ./model/...

lint:
	$(call each,$(MODULES),$(LINT) run ./...)

# Tests that lack a program, such as Chromium or an S3 server, skip and say how to
# have it.
test:
	$(call each,$(MODULES),$(GO) test ./...)

# The race detector, in packages where goroutines meet.
detector:
	$(GO) test -race -short ./internal/dist ./internal/kernel ./web/live ./web/serve ./web/demo . ./data ./data/doctor ./data/storage ./data/tokenizer ./eval/... ./train ./checkpoint

# Without assembly, on every platform that we release for.
purego:
	$(GO) test -short -tags purego ./internal/kernel ./model/...
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build ./...

# JPEG decoding by libjpeg-turbo, where it is installed.
turbojpeg:
	@if echo '#include <turbojpeg.h>' | $(CC) -E - >/dev/null 2>&1; \
	then set -ex; $(GO) vet -tags turbojpeg ./data/... ./cmd/...; $(GO) test -short -tags turbojpeg ./data/...; \
	else echo 'turbojpeg: skipped: no turbojpeg.h, which is in libturbojpeg0-dev of Debian'; fi

# Kernels on processors that are not at hand, where qemu-user-static is installed:
# AVX2, as qemu has no AVX-512, and the portable ones of arm64.
qemu:
	@for arch in amd64:x86_64 arm64:aarch64; do \
	qemu=qemu-$${arch#*:}-static; \
	if command -v $$qemu >/dev/null; \
	then set -ex; GOARCH=$${arch%:*} $(GO) test -short -exec "$$qemu -cpu max" -run 'Gemm|LayerNorm|Attention|Activat|AdamW|Contrast' ./internal/kernel; \
	else echo "qemu: skipped: no $$qemu, which is in qemu-user-static of Debian"; fi; done

# Ranks by each MPI that is installed, Open MPI and MPICH, with one program.
mpi:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf $$dir' EXIT; $(GO) test -tags mpi -c -o $$dir/dist.test ./internal/dist; \
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 \
		OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1; \
	for run in 'mpirun.openmpi --bind-to none' mpiexec.mpich; do \
	if command -v $${run%% *} >/dev/null; \
	then for n in 1 2 4; do echo "$$run -np $$n"; timeout 120 $$run -np $$n $$dir/dist.test -test.run MPI >$$dir/log 2>&1 || { cat $$dir/log; exit 1; }; done; \
	else echo "mpi: skipped: no $${run%% *}, which is in openmpi-bin or mpich of Debian"; fi; done

# Operations and whole steps on a device: PJRT_PLUGIN is the file of a PJRT plugin, such
# as that of lammps-jax-pjrt-cpu 0.11.2 on PyPI for processors.
xla:
	CGO_ENABLED=0 $(GO) test -tags xla -run 'Lower|Device' ./model/...

# Assembly is generated and committed; a test says when it is stale.
generate:
	$(GO) generate ./...

bench:
	$(GO) test -run '^$$' -bench . ./internal/kernel ./model/vm

# Against PyTorch, on the same machine: PEER is the script torch_clip.py, PYTHON
# one that has torch and open_clip_torch. See go run ./bench/race -help.
PYTHON ?= python3
ROUNDS ?= 3
race:
	$(GO) run ./bench/race -peer "$(PEER)" -python "$(PYTHON)" -rounds $(ROUNDS) $(RACEFLAGS)
