#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pages of --format html in a browser: headless Chromium, driven by Selenium. What needs no browser is in ../html.bats.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	cd "$BATS_TEST_TMPDIR"
	command -v chromedriver >/dev/null && /usr/bin/python3 -c 'import selenium' 2>/dev/null ||
		skip 'no browser here: apt-get install chromium chromium-driver python3-selenium'
}

@test "a page sorts, zooms and leads to each blocker, light and dark, on large screens and small ones; it loads nothing" {
	"$POSTPROC" report --headless --format html=page.html "$ROOT/examples/demo-recording.txt.gz"
	timeout 300 /usr/bin/python3 "$ROOT/tests/browse.py" "$PWD/page.html"
}

@test "so does a page full of a hostile target's names" {
	local bad='</code></script><script>alert(1)</script>"\x27><img\x20src=http://127.0.0.1:9/\x20onerror=alert(1)><a\x20href=javascript:alert(1)>'
	local quoted

	quoted=$(sed 's/[\\&]/\\&/g' <<<"$bad")

	gzip -dc "$ROOT/examples/demo-recording.txt.gz" | sed -E -e "s#demo_server::#$quoted::#g" -e "s#^meta target .*#meta target $quoted#" \
		-e "s# tokio-runtime-w\$# $quoted#" >in
	grep -qF "$bad" in
	"$POSTPROC" report --headless --format html=page.html in
	timeout 300 /usr/bin/python3 "$ROOT/tests/browse.py" "$PWD/page.html"
}
