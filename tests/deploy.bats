#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/deploy: the package, and what goes with it. Each is checked by its own tool, where that is installed.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	DEPLOY=$ROOT/examples/deploy
	cd "$BATS_TEST_TMPDIR"
}

@test "make deb: a package that lintian accepts, with what it needs; unpacked it runs; built twice it is the same" {
	command -v dpkg-shlibdeps >/dev/null || skip 'no dpkg-dev here'
	make -s -C "$ROOT" deb >log 2>&1 || { cat log && return 1; }
	package=$(echo "$ROOT"/build/hud-trace_*_*.deb)
	cp "$package" one.deb
	make -s -C "$ROOT" deb >log 2>&1
	cmp "$package" one.deb
	depends=$(dpkg-deb -f one.deb Depends)
	for needed in bpftrace libdw1 libelf1 libjson-c libprotobuf-c libseccomp2 libmicrohttpd12 libcurl3-gnutls libzstd1 zlib1g libncursesw6 libc6; do
		[[ $depends == *"$needed"* ]]
	done
	dpkg-deb -x one.deb root
	(cd root && md5sum --quiet -c <(dpkg-deb -I ../one.deb md5sums))
	run -0 root/usr/bin/hud-trace --version
	[[ $output == "hud-trace $(dpkg-deb -f one.deb Version)" ]]
	root/usr/bin/hud-postproc report --headless "$ROOT/examples/demo-recording.txt.gz" | grep -q 'read_template'
	[[ -e root/usr/share/man/man8/hud-trace.8.gz && -e root/usr/share/man/man8/hud-trace-tasks.8.gz && -e root/usr/lib/systemd/system/hud-trace@.service ]]
	# Nothing belongs to who built it, and nothing but root may write.
	[[ ! $(dpkg-deb -c one.deb | awk '$2 != "root/root" || $1 ~ /^[^l]....(w|....w)/') ]]
	if command -v lintian >/dev/null; then
		lintian --allow-root one.deb >said
		diff /dev/null said
	else
		echo '# lintian is not installed: the package is not checked by it' >&3
	fi
}

@test "make rpm: a package with the same files, and what it needs" {
	command -v rpmbuild >/dev/null || skip 'no rpmbuild here'
	make -s -C "$ROOT" rpm >log 2>&1 || { cat log && return 1; }
	diff <(echo '  RPM    build') log
	package=$(echo "$ROOT"/build/hud-trace-*.rpm)
	rpm -qp --requires "$package" >requires
	for needed in bpftrace 'libdw.so.1()(64bit)' 'libelf.so.1()(64bit)' 'libseccomp.so.2()(64bit)' util-linux; do
		grep -qF "$needed" requires
	done
	make -s -C "$ROOT" install DESTDIR="$PWD/root" PREFIX=/usr >log
	(cd root && find . ! -type d | sed 's/^\.//; s/\(\/man\/.*\)/\1.gz/' | sort) >wanted
	rpm -qlp "$package" | sort >packed
	[[ ! $(comm -23 wanted packed) ]]
	(($(wc -l <wanted) > 30))
	rpm -qlvp "$package" | awk '$3 != "root" || $4 != "root" { print; bad = 1 } END { exit bad }'
}

@test "rules and dashboard name only metrics and labels that are written" {
	"$POSTPROC" report --headless --format prometheus=metrics "$ROOT/examples/demo-recording.txt.gz"
	sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' metrics | sort -u >written
	cat "$DEPLOY/rules.yml" "$DEPLOY/dashboard.json" | grep -oE 'hud_trace_[a-z_]+' | sed 's/_bucket$//' | sort -u >named
	(($(wc -l <named) > 6))
	diff <(comm -23 named written) /dev/null
	jq -e '.panels | length > 4 and all(.targets[0].expr | test("hud_trace_"))' "$DEPLOY/dashboard.json"
	command -v promtool >/dev/null || skip 'the rest: no promtool here (apt-get install prometheus)'
	promtool check rules "$DEPLOY/rules.yml"
	promtool check metrics <metrics >said 2>&1 || { cat said && return 1; }
}

@test "the unit is one for systemd, and its options are hud-trace's" {
	sed -n '/^ExecStart=/{s/.* hud-trace //;p}' "$DEPLOY/hud-trace@.service" | grep -oE -- '--[a-z-]+' | sort -u | grep -vxE -- '--(property|value|now)' >named
	"$ROOT/bin/hud-trace" --help >help
	while read -r option; do
		grep -qw -- "$option" help
	done <named
	(($(wc -l <named) >= 6))
	command -v systemd-analyze >/dev/null || skip 'the rest: no systemd-analyze here'
	cp "$DEPLOY/hud-trace@.service" hud-trace@x.service
	SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$PWD/hud-trace@x.service" >said 2>&1 || true
	diff /dev/null said
}

@test "the DaemonSet's options are hud-trace's, and it is YAML" {
	/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip 'no yaml for Python here'
	/usr/bin/python3 - "$DEPLOY/daemonset.yaml" >named <<-'END'
	import sys, yaml
	pod = yaml.safe_load(open(sys.argv[1]))["spec"]["template"]["spec"]
	assert pod["hostPID"] is True
	(container,) = pod["containers"]
	names = {volume["name"] for volume in pod["volumes"]}
	assert {mount["name"] for mount in container["volumeMounts"]} == names
	print("\n".join(word for word in container["args"] if word.startswith("--")))
	END
	"$ROOT/bin/hud-trace" --help >help
	while read -r option; do
		grep -qw -- "$option" help
	done <named
}
