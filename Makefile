# A thin front: each target does all its own set-up, so that a bare clone needs one command.
.PHONY: scan check check-symbols build bench clean
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
	@tests/run

check-symbols:
	@tools/install-deps --tests
	@mkdir -p build
	@[ -x build/venv-symbols/bin/pip ] || python3 -m venv build/venv-symbols
	@build/venv-symbols/bin/pip install -q --disable-pip-version-check -r tools/symbols/requirements.txt
	@build/venv-symbols/bin/python tools/symbols/check-table

bench:
	@tools/install-deps --bench
	@bench/run

clean:
	rm -rf build build-*
