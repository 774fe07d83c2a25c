#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `make demo` and `make deps` need of a machine and leave on it, and the demo's own output. Nothing is
# installed or traced.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ ! ${PLACE-} ]] || rm -rf "$PLACE"
}

# Creates the command $1 in bin/ from standard input.
command_named() {
	mkdir -p bin
	cat >"bin/$1"
	chmod +x "bin/$1"
}

# Runs `make` $@ as on a Debian machine without packages, as user $USER_ID. What it ran is in the file `ran`.
make_there() {
	rm -f ran
	PATH=$PWD/bin "$MAKE" -C "$ROOT" --no-print-directory "$@"
}

fresh_machine() {
	local tool

	MAKE=$(command -v make)
	mkdir -p bin
	for tool in sh bash env grep nproc; do
		ln -sf "$(command -v "$tool")" bin
	done
	echo "#!/bin/sh
		echo $1" | command_named id
	echo '#!/bin/sh
		exit 1' | command_named dpkg-query
	echo "#!/bin/sh
		echo \"\${FOR_ROOT-}apt-get \$*\" >>'$PWD/ran'" | command_named apt-get
}

sudo_there() {
	echo '#!/bin/sh
		FOR_ROOT="sudo " exec "$@"' | command_named sudo
}

# The packages of target $1 for each package manager, one a line.
packages_of() {
	make -C "$ROOT" -n "$1" | sed -n "s/^.*packages='\([^']*\)'.*/\1/p" | tr ' ' '\n'
}

@test "the demo installs what it needs to be built and to run, and no package of the tests" {
	local target

	for target in deps demo check; do
		packages_of "$target" | sort >"$target"
	done
	(($(wc -l <deps) >= 30))
	grep -qx bpftrace deps
	grep -qx gnuplot-nox deps
	run -1 grep -E 'cargo|rust' deps
	grep -qx cargo demo
	grep -qx librust-tokio-dev demo
	run -1 grep -iE 'bats|clang|gdb|tmux|check|jq|jsonschema|cmocka|^lib[aub]*san|python|protobuf-compiler|cmark|^xz' demo
	# Each list includes the previous one.
	[[ ! $(comm -23 deps demo) ]]
	[[ ! $(comm -23 demo check) ]]
	grep -qx bats check
}

@test "packages: root installs them, anybody else by sudo" {
	fresh_machine 0
	sudo_there
	make_there deps
	cat ran
	[[ $(sed -n 1p ran) == 'apt-get update' ]]
	grep -q '^apt-get install .* bpftrace ' ran
	fresh_machine 1000
	make_there deps
	cat ran
	grep -q '^sudo apt-get install .* bpftrace ' ran
	run -1 grep -v '^sudo ' ran
}

@test "packages: nobody is asked for what is there" {
	fresh_machine 1000
	echo '#!/bin/sh
		echo install ok installed' | command_named dpkg-query
	run -0 make_there deps
	[[ ! -e ran && ! $output ]]
}

@test "neither root nor sudo: it says what to do, and fails" {
	fresh_machine 1000
	for target in deps demo check; do
		run ! make_there "$target"
		echo "$output"
		[[ $output == *'there is no sudo here'* && ! -e ran ]]
	done
	run ! make_there deps
	[[ $output == *'apt-get install -y --no-install-recommends bpftrace '* ]]
}

# A folder that anybody may enter; sets PLACE.
make_place() {
	PLACE=$(mktemp -d)
	chmod 755 "$PLACE"
}

@test "root builds as the owner of the tree" {
	local as_owner=$ROOT/examples/as-owner

	((EUID == 0)) || skip 'needs root'
	# A user who cannot read this tree cannot run what is in it.
	make_place
	cp "$as_owner" "$PLACE"
	as_owner=$PLACE/as-owner
	mkdir "$PLACE/tree" "$PLACE/closed" "$PLACE/closed/tree"
	chown 65534:65533 "$PLACE/tree"
	[[ $("$as_owner" "$PLACE/tree" id -u) == 65534 ]]
	[[ $("$as_owner" "$PLACE/tree/build/new" id -u) == 65534 ]]
	[[ $(cd "$PLACE/tree" && "$as_owner" . id -u) == 65534 ]]
	[[ $("$as_owner" "$PLACE" id -u) == 0 ]]
	# The owner has no user name and no home.
	chown 54321:54322 "$PLACE/tree"
	[[ $("$as_owner" "$PLACE/tree" id -u) == 54321 ]]
	[[ $("$as_owner" "$PLACE/tree" id -G) == 54322 ]]
	# The owner cannot enter it.
	chown 65534 "$PLACE/closed/tree"
	chmod 700 "$PLACE/closed"
	[[ $("$as_owner" "$PLACE/closed/tree" id -u) == 0 ]]
	run -2 "$as_owner" "$PLACE"
	run -3 "$as_owner" "$PLACE/tree" bash -c 'exit 3'
}

@test "root leaves nothing of its own in a user's tree" {
	((EUID == 0)) || skip 'needs root'
	make_place
	mkdir "$PLACE/tree"
	cp -R "$ROOT"/{Makefile,bin,postproc,probes} "$PLACE/tree"
	mkdir "$PLACE/tree/examples"
	cp -R "$ROOT"/examples/{as-owner,demo} "$PLACE/tree/examples"
	for program in demo-server ground-truth; do
		mkdir "$PLACE/tree/examples/$program"
		cp -R "$ROOT/examples/$program"/{build,Cargo.toml} "$PLACE/tree/examples/$program"
	done
	# A fake compiler and a fake cargo, which only create files.
	cat >"$PLACE/cc" <<-'TOOL'
		#!/bin/bash
		while [[ $1 != -o ]]; do shift || exit 1; done
		[[ $2 == /dev/null ]] || : >"$2"
	TOOL
	cat >"$PLACE/cargo" <<-'TOOL'
		#!/bin/bash
		while [[ $1 != --target-dir ]]; do shift || exit 1; done
		mkdir -p "$2" "${CARGO_HOME-$HOME/.cargo}" && : >"$2/built"
	TOOL
	chmod 755 "$PLACE/cc" "$PLACE/cargo"
	chown -R 65534:65533 "$PLACE/tree"
	make -C "$PLACE/tree" "CC=$PLACE/cc" "DESTDIR=$PWD/installed" install
	[[ -e $PLACE/tree/build/hud-postproc && -e installed/usr/local/bin/hud-trace ]]
	for program in demo-server ground-truth; do
		CARGO=$PLACE/cargo "$PLACE/tree/examples/$program/build" release
		[[ -e $PLACE/tree/examples/$program/target/built ]]
	done
	[[ ! $(find "$PLACE/tree" ! -uid 65534) ]]
	# What is built elsewhere belongs to the owner of that folder.
	CARGO=$PLACE/cargo CARGO_HOME=$PWD CARGO_TARGET_DIR=$PWD/target "$PLACE/tree/examples/demo-server/build" release
	[[ $(stat -c %u target/built) == 0 ]]
}

# The demo with a fake server, load and trace. The trace is the recording, and ends with status $TRACE_STATUS.
fake_demo() {
	mkdir -p tree/examples/demo-server tree/bin tree/build
	cp "$ROOT"/examples/{demo,as-owner,demo-recording.txt.gz} tree/examples
	cp "$ROOT/build/hud-postproc" tree/build
	command_named tool <<-TOOL
		#!/bin/bash
		case \$0 in
		*/build) echo '$PWD/tree/demo-server' ;;
		*/run) sleep 0.3 && echo 'listening on 127.0.0.1:1' && exec sleep 300 ;;
		*/demo-load) echo "\$*" >'$PWD/asked' && exec sleep 300 ;;
		*/hud-trace)
			[[ \$1 != --doctor ]] || { cat '$PWD/doctor' && ! grep -q '^missing' '$PWD/doctor' && exit; exit 77; }
			gzip -dc '$ROOT/examples/demo-recording.txt.gz'
			exit \${TRACE_STATUS-0}
			;;
		esac
	TOOL
	for name in examples/demo-server/build examples/demo-server/run demo-load bin/hud-trace; do
		cp bin/tool "tree/$name"
	done
	mkdir elsewhere
	echo 'ok        rights      root, with the right to trace' >doctor
	cd elsewhere || return
}

@test "the demo: in three steps, from any folder, also if the server's log is late" {
	((EUID == 0)) || skip 'needs root'
	fake_demo
	# A background shell opens the file for its command's output late.
	cat >late.c <<-'C'
		#include <dlfcn.h>
		#include <sys/types.h>
		#include <string.h>
		#include <unistd.h>
		static pid_t shell;
		__attribute__((constructor)) static void begin(void) { shell = getpid(); }
		int open(const char *path, int flags, mode_t mode)
		{
			if (getpid() != shell && strstr(path, "server.log")) usleep(500000);
			return ((int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
		}
	C
	cc -shared -fPIC -D_GNU_SOURCE -o late.so late.c
	export LC_ALL=C.UTF-8
	LD_PRELOAD=$PWD/late.so run -0 --separate-stderr ../tree/examples/demo
	echo "$output$stderr"
	[[ ! $stderr ]]
	grep -qx '127.0.0.1:1' ../asked
	[[ $output == *'[1/3] '*'[2/3] '*'[3/3] '*'hud-trace: demo-server (pid '*"The chart as a picture: $PWD/hud-trace-demo.png"* ]]
	[[ $(head -c 4 hud-trace-demo.png) == $'\x89PNG' ]]
	[[ $output != *'recording'* ]]
	# Only its own text: paths have any length.
	run -1 grep -E '^.{81}' <<<"$(grep -vF "$PWD" <<<"$output")"
}

@test "the demo where nothing can be traced: it says why, and shows a recording" {
	((EUID == 0)) || skip 'needs root'
	fake_demo
	TRACE_STATUS=77 run -0 ../tree/examples/demo
	head -n 20 <<<"$output"
	[[ $output == *'hud-trace ended with status 77'*'made elsewhere'*'hud-trace: demo-server (pid 10311)'* ]]
	[[ -s hud-trace-demo.png ]]
	echo "missing   rights      root, but without the right to trace
                      -> in a container, run it on the host
missing   btf         no BTF" >../doctor
	run -0 ../tree/examples/demo
	head -n 20 <<<"$output"
	grep -qF 'cannot be traced here: root, but without the right to trace; in a container, run it on the host.' \
		<<<"$(tr -s '\n ' ' ' <<<"$output")"
	[[ $output == *'hud-trace: demo-server (pid 10311)'* && $output != *'[1/3]'* ]]
	echo 'ok        rights      root, with the right to trace' >../doctor
	printf '#!/bin/bash\necho "no-network" >&2; exit 101\n' >../tree/examples/demo-server/build
	run -0 ../tree/examples/demo
	head -n 20 <<<"$output"
	[[ $output == *'no-network'*'made elsewhere'*'hud-trace: demo-server (pid 10311)'* ]]
}
