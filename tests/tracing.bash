# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For suites all of whose tests trace: they are skipped where nothing can be traced.

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_not)
}

setup() {
	STARTED=()
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_started
}
