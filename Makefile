# SPDX-License-Identifier: Apache-2.0
# hud-trace. `make` builds it; `make deps` installs what it needs to build and to run.
#
#     make demo         trace a demo server and show the report
#     make deps-demo    install what the demo needs besides, deps-check what the tests need, deps-fuzz what `make fuzz` needs
#     make V=1          show the commands
#     make WERROR=1     warnings are errors
#     make SAN=1        with AddressSanitizer and UBSan, in build/san
#     make check        run every test; check-long, check-suites, check-kernels: see tests/README.md
#     make fuzz         run each fuzzer of tests/fuzz for a minute (FUZZ_SECONDS=60)
#     make analyze      what cppcheck, clang-tidy and gcc's analyzer find
#     make valgrind     no error in memory on recorded streams
#     make deb, rpm     a package in build/
#     make reproducible built twice, it is the same

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
DESTDIR ?=

CC ?= cc
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wpedantic $(if $(filter 1,$(WERROR)),-Werror)
ifeq ($(SAN),1)
BUILD = build/san
# Quick to compile: what is found in it is found at any level.
CFLAGS = -O1 -g1
MODE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(FUZZ),1)
BUILD = build/fuzz
CC = clang
CFLAGS = -O1 -g1
# Of what libseccomp's macros become; gcc says nothing of headers of the system.
MODE = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	-Wno-gnu-zero-variadic-macro-arguments -Wno-missing-field-initializers -DFUZZ
FUZZ_LINK = -fsanitize=fuzzer
else
BUILD = build
MODE = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY)
endif

# The flag, if the compiler takes it here.
accepted = $(shell $(CC) -O2 $(1) -include features.h -Werror -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
FORTIFY := $(if $(call accepted,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),3,2)
HARDENING := -fstack-protector-strong -fPIE $(foreach flag,-fstack-clash-protection -fcf-protection=full \
	-mbranch-protection=standard -ftrivial-auto-var-init=zero,$(call accepted,$(flag)))
HARDENING_LINK = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
# Built elsewhere it is the same, byte by byte.
REPRODUCIBLE = -ffile-prefix-map=$(CURDIR)=.

ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(HARDENING) $(REPRODUCIBLE) $(MODE)
ALL_CPPFLAGS = -I$(BUILD) -Ipostproc -MMD -MP $(CPPFLAGS)
ALL_LDFLAGS = $(CFLAGS) $(HARDENING_LINK) $(MODE) $(LDFLAGS)
# The C library stands before libiberty, whose obstack has the same names but takes other types.
LIBS = -ldw -lelf -lc -liberty -ljson-c -lprotobuf-c -lz -lzstd -lseccomp -lmicrohttpd -lcurl -lncursesw -lm

# All files named like `$(2)` below folder $(1), up to three folders deep.
below = $(sort $(wildcard $(1)/$(2) $(1)/*/$(2) $(1)/*/*/$(2)))

SOURCES = $(call below,postproc,*.c)
OBJECTS = $(SOURCES:postproc/%.c=$(BUILD)/%.o) $(BUILD)/format/profile.pb-c.o $(BUILD)/format/otlp.pb-c.o
TEST_SOURCES = $(call below,tests/unit,test_*.c)
TESTS = $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(TEST_SOURCES)))
FUZZ_OBJECTS = $(patsubst tests/fuzz/%.c,$(BUILD)/tests/%.o,$(wildcard tests/fuzz/*.c))
C_FILES = $(call below,postproc,*.[ch]) $(TEST_SOURCES) $(wildcard tests/*.[ch] tests/fuzz/*.[ch] tests/aarch64/*.c tests/bench/*.c)

# Shell files: by their first line, whatever their name.
SHELL_FILES = $(shell grep -lIE '^\#!.*\b(ba)?sh$$' $(wildcard bin/* .ci/* postproc/format/html/* tests/* tests/cases/* tests/cases/*/* tests/aarch64/* tests/fuzz/* tests/bench/* examples/* examples/*/*) 2>/dev/null)
MAN8 = bin/hud-trace.8 bin/hud-trace-tasks.8
MAN1 = bin/hud-postproc.1
COMPLETION = bin/hud-trace.bash-completion

ifeq ($(V),1)
Q =
say = @:
else
Q = @
say = @printf '  %-6s %s\n'
MAKEFLAGS += --no-print-directory
endif

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tests check builds check-long check-suites check-kernels fuzz analyze valgrind reproducible bench bench-accuracy bench-loss bench-overhead \
	bench-postproc bench-soak deps deps-demo deps-check deps-fuzz needs-root demo install uninstall deb rpm clean lint lint-shell lint-c format FORCE

# Root needs no sudo; anybody else asks by it, for what only root may do.
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)
# What root builds belongs to the owner of the tree, too (sudo make check).
AS_OWNER = examples/as-owner $(BUILD)

all: $(BUILD)/hud-postproc

$(BUILD)/hud-postproc: $(OBJECTS)
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: postproc/%.c $(BUILD)/flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/format/%.pb-c.c: postproc/format/%.proto
	$(say) PROTO $@
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=postproc --c_out=$(BUILD) $<

$(BUILD)/format/%.pb-c.h: $(BUILD)/format/%.pb-c.c ;

$(BUILD)/format/%.pb-c.o: $(BUILD)/format/%.pb-c.c $(BUILD)/flags
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/format/pprof.o $(BUILD)/format/otlp.o: $(BUILD)/format/profile.pb-c.h
$(BUILD)/format/otlp.o: $(BUILD)/format/otlp.pb-c.h

# The style and the script of the HTML page.
$(BUILD)/format/html/embedded.h: $(addprefix postproc/format/html/,embed page.css page.js)
	$(say) EMBED $@
	@mkdir -p $(@D)
	$(Q)$^ >$@

$(BUILD)/format/html/page.o: $(BUILD)/format/html/embedded.h

# Other flags build everything anew.
$(BUILD)/flags: FORCE | $(BUILD)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
	echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@

$(BUILD) $(BUILD)/tests:
	@mkdir -p $@

# Each is linked with everything but main.

tests: $(TESTS) $(BUILD)/tests/copy-stacks $(BUILD)/tests/fuzz

$(BUILD)/tests/copy-stacks: tests/copy-stacks.c $(BUILD)/flags | $(BUILD)/tests
	$(say) LD $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

$(BUILD)/tests/measure $(BUILD)/tests/pingpong $(BUILD)/tests/calls: $(BUILD)/tests/%: tests/bench/%.c $(BUILD)/flags | $(BUILD)/tests
	$(say) LD $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

vpath test_%.c $(sort $(dir $(TEST_SOURCES)))

$(BUILD)/tests/test_%.o: test_%.c $(BUILD)/flags | $(BUILD)/tests
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(filter-out $(BUILD)/main.o,$(OBJECTS))
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/%.o: tests/fuzz/%.c $(BUILD)/flags | $(BUILD)/tests
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/fuzz-formats.o: $(BUILD)/format/profile.pb-c.h

# With FUZZ=1 it fuzzes; else it runs files.
$(BUILD)/tests/fuzz: $(FUZZ_OBJECTS) $(filter-out $(BUILD)/main.o,$(OBJECTS))
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(LIBS)

# The unit tests run with the sanitizers; everything else runs what gets installed.
check: builds
	$(Q)$(RUN_TESTS)

# What takes longer than that: tests/suites.
check-long: builds
	$(Q)$(RUN_TESTS) --long

builds: needs-root deps-check
	$(Q)$(AS_OWNER) $(MAKE) -j$(JOBS) all
	$(Q)$(AS_OWNER) $(MAKE) -j$(JOBS) SAN=1 tests

# As root: the live tests trace. sudo forgets the variables by which a test that calls make again would build the same.
RUN_TESTS = $(if $(SUDO),$(SUDO) env 'MAKEFLAGS=-- $(MAKEOVERRIDES)' 'CC=$(CC)' 'CFLAGS=$(CFLAGS)' 'CPPFLAGS=$(CPPFLAGS)' 'LDFLAGS=$(LDFLAGS)') tests/run

# Both on other releases of Debian: SUITES="bookworm trixie".
check-suites:
	$(Q)tests/check-suites

# In virtual machines with other kernels: KERNELS="5.10 6.1 6.12 7.2", ARCH=arm64.
check-kernels:
	$(Q)tests/check-kernels

# For FUZZ_SECONDS (60) each. What was found is in build/fuzz/findings.
fuzz: deps-fuzz
	$(Q)$(MAKE) -j$(JOBS) FUZZ=1 build/fuzz/tests/fuzz
	$(Q)tests/fuzz/run

# Numbers of this machine; nothing here fails for being slow.
bench: deps-check
	$(Q)$(MAKE) all
	$(Q)tests/bench/run

bench-accuracy: deps-check
	$(Q)$(MAKE) -j$(JOBS) all
	$(Q)tests/bench/accuracy $(BUILD)/bench-accuracy.tsv

bench-overhead: deps-check
	$(Q)$(MAKE) all
	$(Q)tests/bench/overhead $(BUILD)/bench-overhead.tsv

bench-loss: deps-check
	$(Q)$(MAKE) all
	$(Q)tests/bench/loss $(BUILD)/bench-loss.tsv

# SOAK_SECONDS=3600 is an hour.
bench-soak: deps-check
	$(Q)$(MAKE) all
	$(Q)tests/bench/soak $(BUILD)/bench-soak.tsv

bench-postproc: deps-check
	$(Q)tests/bench/postproc $(BUILD)/bench-postproc.tsv

# What else finds mistakes: needs cppcheck and clang-tidy.
analyze: all
	$(say) CHECK cppcheck
	$(Q)cppcheck $(CPPCHECK) postproc
	$(say) CHECK clang-tidy
	$(Q)clang-tidy --quiet $(SOURCES) -- -std=c17 -D_GNU_SOURCE -Ipostproc -I$(BUILD) 2>&1 | \
		awk '/(warning|error):/ { bad = 1 } /warnings? generated|^Suppressed|^Use -/ { next } { print } END { exit bad }'
	$(say) CHECK 'gcc -fanalyzer'
	$(Q)$(MAKE) CC=gcc BUILD=build/analyze WERROR=1 CFLAGS='-O1 -g -fanalyzer' all

# Identical inner conditions: that is how it reads `if (*slot) return *slot;`.
CPPCHECK = --quiet --error-exitcode=1 --enable=warning,portability,performance --std=c11 --inline-suppr \
	--suppress=identicalInnerCondition --suppress=missingIncludeSystem -D_GNU_SOURCE -D__x86_64__ -Ipostproc \
	--template='{file}:{line}: {id}: {message}'

# All that is made of recorded streams, and of hostile ones, without an error in memory. Needs valgrind.
VALGRIND = valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect
valgrind: $(BUILD)/tests/fuzz
	$(Q)mkdir -p $(BUILD)/valgrind && zcat examples/demo-recording.txt.gz >$(BUILD)/valgrind/demo
	$(Q)for target in stream formats diff; do \
		echo "  $$target" && $(VALGRIND) $< $$target $(BUILD)/valgrind/demo tests/fuzz/corpus/$$target/* || exit 1; \
	done
	$(Q)for target in unpack maps names; do \
		echo "  $$target" && $(VALGRIND) $< $$target tests/fuzz/corpus/$$target/* || exit 1; \
	done

# Built twice, in two folders: the same bytes.
reproducible:
	$(Q)scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && for folder in one another/one; do \
		mkdir -p "$$scratch/$$folder" && cp -a Makefile postproc "$$scratch/$$folder" && \
		$(MAKE) -C "$$scratch/$$folder" all >/dev/null || exit 1; \
	done && cmp "$$scratch/one/build/hud-postproc" "$$scratch/another/one/build/hud-postproc" && sha256sum <"$$scratch/one/build/hud-postproc"

demo: needs-root deps-demo
	$(Q)$(AS_OWNER) $(MAKE) -j$(JOBS) all
	$(Q)examples/demo

# C is formatted as one release of clang-format does it: others do not agree.
CLANG_FORMAT = 14

lint: lint-shell lint-c

lint-shell:
	$(say) LINT shell
	$(Q)shellcheck -a $(SHELL_FILES)
	$(Q)shellcheck -i SC2314,SC2315 $(wildcard tests/*.bats tests/suites/*.bats) # a negation that no test notices

lint-c:
	$(say) LINT C
	$(Q)if clang-format --version | grep -q 'version $(CLANG_FORMAT)\.'; then \
		clang-format --dry-run -Werror $(C_FILES); \
	else \
		echo "  SKIP   clang-format $(CLANG_FORMAT) formats the C files, and this is $$(clang-format --version)"; \
	fi

format:
	$(Q)clang-format -i $(C_FILES)

install:
	$(Q)$(AS_OWNER) $(MAKE) all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/hud-trace/probes/parts
	install -m 755 bin/hud-trace $(DESTDIR)$(PREFIX)/bin/hud-trace
	install -m 644 bin/*.bash $(DESTDIR)$(PREFIX)/lib/hud-trace
	install -m 755 $(BUILD)/hud-postproc $(DESTDIR)$(PREFIX)/lib/hud-trace/hud-postproc
	ln -sf ../lib/hud-trace/hud-postproc $(DESTDIR)$(PREFIX)/bin/hud-postproc
	install -m 644 probes/*.bt probes/*.awk probes/*.bash $(DESTDIR)$(PREFIX)/lib/hud-trace/probes
	install -m 644 probes/parts/*.bt $(DESTDIR)$(PREFIX)/lib/hud-trace/probes/parts
	install -d $(DESTDIR)$(PREFIX)/share/hud-trace
	install -m 644 postproc/format/report-schema.json $(DESTDIR)$(PREFIX)/share/hud-trace
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MAN8) $(DESTDIR)$(PREFIX)/share/man/man8
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 $(COMPLETION) $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hud-trace

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hud-trace $(DESTDIR)$(PREFIX)/bin/hud-postproc
	rm -f $(MAN1:bin/%=$(DESTDIR)$(PREFIX)/share/man/man1/%) $(MAN8:bin/%=$(DESTDIR)$(PREFIX)/share/man/man8/%)
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hud-trace
	rm -rf $(DESTDIR)$(PREFIX)/lib/hud-trace $(DESTDIR)$(PREFIX)/share/hud-trace

# A package for this release of Debian or Ubuntu, for which dpkg-dev is needed.
deb: all
	$(say) DEB build
	$(Q)examples/deploy/deb $(BUILD)

# A package for this release of Fedora and its relatives, for which rpmbuild is needed.
rpm: all
	$(say) RPM build
	$(Q)examples/deploy/rpm $(BUILD)

clean:
	rm -rf build

# Packages: to run hud-trace, to build it, and besides for the demo, for the tests, and for `make fuzz`. The libraries that the
# program is linked with come with what builds it; for a package, dpkg-shlibdeps and rpm find them out.
APT_RUN = bpftrace gnuplot-nox util-linux
APT_BUILD = gcc libc6-dev make libelf-dev libdw-dev libiberty-dev libjson-c-dev libprotobuf-c-dev protobuf-c-compiler zlib1g-dev \
	libzstd-dev libseccomp-dev libmicrohttpd-dev libcurl4-gnutls-dev libncurses-dev
# The demo is built from Debian's crates, where there are any.
APT_DEMO = cargo librust-tokio-dev librust-hyper-dev librust-flate2-dev mount
APT_TEST = bats musl-tools libcmocka-dev g++ shellcheck clang-format librust-libc-dev pkg-config procps tmux gdb xz-utils zstd jq python3 \
	python3-jsonschema protobuf-compiler cmark-gfm python3-prometheus-client curl man-db
APT_FUZZ = clang libclang-rt-dev python3

DNF_RUN = bpftrace gnuplot util-linux
DNF_BUILD = gcc make elfutils-libelf-devel elfutils-devel binutils-devel json-c-devel protobuf-c-devel protobuf-c-compiler zlib-devel \
	libzstd-devel libseccomp-devel libmicrohttpd-devel libcurl-devel ncurses-devel
DNF_DEMO = cargo
DNF_TEST = bats libcmocka-devel gcc-c++ ShellCheck clang-tools-extra libasan libubsan pkgconf procps-ng tmux gdb xz zstd jq python3 \
	python3-jsonschema protobuf-compiler python3-prometheus_client curl man-db
DNF_FUZZ = clang compiler-rt python3

PACMAN_RUN = bpftrace gnuplot util-linux
PACMAN_BUILD = gcc make libelf binutils json-c protobuf-c zlib zstd libseccomp libmicrohttpd curl ncurses
PACMAN_DEMO = rust
PACMAN_TEST = bash-bats cmocka shellcheck clang pkgconf procps-ng tmux gdb xz jq python python-jsonschema protobuf cmark-gfm \
	python-prometheus_client curl man-db
PACMAN_FUZZ = clang compiler-rt python

deps: LISTS = RUN BUILD
deps-demo: LISTS = RUN BUILD DEMO
deps-check: LISTS = RUN BUILD DEMO TEST
deps-fuzz: LISTS = RUN BUILD FUZZ
packages = $(foreach list,$(LISTS),$($(1)_$(list)))

# Only what is missing is installed, and only for that root is asked.
deps deps-demo deps-check deps-fuzz:
	$(Q)update=true missing=; \
	if command -v apt-get >/dev/null; then \
		packages='$(call packages,APT)' install='apt-get install -y --no-install-recommends' update='apt-get update'; \
		has() { dpkg-query -W -f '$${Status}' $$1 2>/dev/null | grep -q 'ok installed'; }; \
	elif command -v dnf >/dev/null; then \
		packages='$(call packages,DNF)' install='dnf install -y'; \
		has() { rpm -q $$1 >/dev/null 2>&1; }; \
	elif command -v pacman >/dev/null; then \
		packages='$(call packages,PACMAN)' install='pacman -S --needed --noconfirm'; \
		has() { pacman -Q $$1 >/dev/null 2>&1; }; \
	else \
		printf '%s\n' 'No apt-get, dnf or pacman here. Please install what these Debian packages hold:' \
			'$(call packages,APT)' >&2; \
		exit 1; \
	fi; \
	for package in $$packages; do has $$package || missing="$$missing $$package"; done; \
	[ -n "$$missing" ] || exit 0; \
	echo "  DEPS  $$missing"; \
	if command -v $(or $(SUDO),sh) >/dev/null; then \
		$(SUDO) sh -c "$$update; DEBIAN_FRONTEND=noninteractive $$install$$missing" && exit; \
	else \
		echo 'hud-trace: only root can install these, and there is no sudo here.' >&2; \
	fi; \
	printf 'hud-trace: these packages are still missing. Have root run this, then call make again:\n    %s\n' \
		"$$install$$missing" >&2; \
	exit 1

needs-root:
	$(Q)command -v $(or $(SUDO),sh) >/dev/null || { \
		printf '%s\n' 'hud-trace: tracing needs root, and there is no sudo here. Run this as root.' \
			'Without root, after make deps-demo: make && examples/demo shows a recording.' >&2; \
		exit 1; \
	}

FORCE:

-include $(OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/*.d)
