# A thin front: each target does all its own set-up, so that a bare clone needs one command.
.PHONY: scan check check-native check-scanner check-symbols check-kernels check-ubuntu check-arm64 check-truth check-truth-native check-one-call check-release check-inventory soak build release bench bench-inventory bench-advisories clean
SHELL = /bin/sh

scan: build
	@if [ "$$(id -u)" = 0 ]; then exec build/usewear scan; \
	elif command -v sudo >/dev/null; then exec sudo build/usewear scan; \
	else exec build/usewear scan; fi

build:
	@tools/install-deps
	@[ -f build/build.ninja ] || meson setup build -Dtests=false || exit 2
	@ninja -C build --quiet

check:
	@tools/install-deps --tests
	@tools/install-deps --kernels || echo 'no qemu here: the kernel tests will be skipped by name'
	@tests/run

check-symbols:
	@tools/install-deps --tests
	@mkdir -p build
	@[ -x build/venv-symbols/bin/pip ] || python3 -m venv build/venv-symbols
	@build/venv-symbols/bin/pip install -q --disable-pip-version-check -r tools/symbols/requirements.txt
	@build/venv-symbols/bin/python tools/symbols/check-table

# Orders of versions and severities against the tools that define them; what is not installed is skipped by name.
check-native:
	@tools/install-deps --tests
	@[ -x build/venv/bin/pytest ] || { echo 'run make check first: it makes build/venv'; exit 2; }
	@go mod download github.com/google/osv-scalibr@v0.5.3 || true
	@mvn -q -B dependency:get -Dartifact=org.apache.maven:maven-artifact:4.0.0-rc-6 || true
	@USEWEAR_JUDGE_PAIRS=10000 build/venv/bin/python -m pytest -q -rs tests/judge

# One static file for every Linux: dist/usewear-ARCH.
release:
	@tools/install-deps
	@tools/release/build

# The release in foreign roots, as packages, in a container, and twice from different folders.
check-release:
	@tools/install-deps --release
	@tests/run --only tests/release

# The sensor and an engine on Debian's kernels, in qemu; writes docs/kernels.md.
check-kernels:
	@tools/install-deps --kernels
	@USEWEAR_KERNELS=all tests/run --only tests/kernel

# The same on Ubuntu's kernels, written to the same page.
check-ubuntu:
	@tools/install-deps --kernels
	@USEWEAR_KERNELS=ubuntu tests/run --only tests/kernel

# The same on arm64, every instruction emulated, and the unit tests of a cross build there.
check-arm64:
	@tools/install-deps --arm64
	@USEWEAR_KERNELS=all USEWEAR_KERNEL_ARCH=arm64 tests/run --only tests/kernel/test_kernels.py tests/kernel/test_units.py

# What is said of functions, against victims that count their calls and against the runtimes' own tracers
# (docs/accuracy.md).
check-truth:
	@tools/install-deps --truth
	@USEWEAR_TRUTH=all tests/run --only tests/truth

# The native ones alone, with all that they need fetched and built: Debian's programs, OpenSSL with debug files, Go 1.15 to
# this machine's, Rust, C++, C. CASES=EXPRESSION runs some (pytest's -k), as CASES=nginx.
check-truth-native:
	@tools/install-deps --truth
	@USEWEAR_TRUTH=all PYTEST_ADDOPTS="$(if $(CASES),-k '$(CASES)')" tests/run --only tests/truth/test_native.py

# An nginx with a vulnerable OpenSSL, and the one request that makes its finding rise; SHOW=FILE keeps what was printed.
check-one-call:
	@tools/install-deps --truth
	@USEWEAR_SHOW=$(SHOW) tests/run --only tests/truth/test_one_call.py

# Matching against osv-scanner, on the same records (docs/matching.md).
check-scanner:
	@tools/install-deps --tests
	@[ -x build/venv/bin/pytest ] || { echo 'run make check first: it makes build/venv'; exit 2; }
	@[ -x build/osv-scanner/osv-scanner ] || \
		GOBIN=$(CURDIR)/build/osv-scanner go install github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.5.1
	@build/venv/bin/python -m pytest -q -rs tests/scanner

# The inventory against Syft, osv-scanner and the package managers' own tools, on real packages; needs root and some GB.
check-inventory:
	@tools/install-deps --inventory
	@tests/run --only tests/inventory

# watch under storms, for MINUTES: level in memory, descriptors and BPF objects, and every event counted? Needs root.
# Before it, the same with leaks planted: it has to find them.
soak: build
	@tools/install-deps --tests
	@tests/run --only tests/soak
	@tests/soak/run --minutes $(or $(MINUTES),10)

bench:
	@tools/install-deps --bench
	@bench/run

# Against Syft, on a root that is made by debootstrap, pip, npm, mvn and go; needs root and some GB.
bench-inventory:
	@tools/install-deps --bench
	@ninja -C build --quiet
	@bench/inventory

# Import and matching, beside osv-scanner where `make check-scanner` has built it.
bench-advisories: build
	@bench/advisories

clean:
	rm -rf build build-* dist
