# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the suites about copied stacks: a target with deep stacks, and checks of scripts and recordings.

setup_file() {
	export WHY_NOT='' RELEASE=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	RELEASE=$(timeout 800 "$DEMO/build" release | tail -n 1)
	[[ -x $RELEASE && -x $POSTPROC ]]
}

setup() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# Starts deep-stack $1 $2; its one thread with work counts as a worker. Sets SERVER.
start_deep() {
	# No frame pointers, as in a release build.
	cc -O2 -fomit-frame-pointer -fno-optimize-sibling-calls -o target "$ROOT/tests/deep-stack.c" -lpthread
	./target "$@" >target.out 2>&1 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 30 grep -qx ready target.out
}

# The script that hud-trace composes with the options $2... is small for the verifier: no program has more
# than $1 instructions. Old verifiers give up at 1,000,000, and count more.
is_small() {
	local programs most=$1

	shift
	"$HUD" --pid "$SERVER" --print-script "$@" >script
	programs=$(grep -cE '^((raw)?tracepoint|profile|interval|uprobe|BEGIN|END)' script)
	verified script >counts
	echo "$* ($programs programs)"
	(($(wc -l <counts) >= programs))
	are_small "$most" counts
}

# Recording $1 has stacks of sleeps and of samples that reach the thread's start, except for those reported as
# lost: on a busy machine some are overwritten, and leaving a CPU often needs many copies. Nothing is told of the time after
# the end.
whole() {
	"$POSTPROC" resolve "$1" >resolved
	awk '$1 == "frame" { whole[$2] = $3 }
		$1 == "same" { whole[$2] = whole[$3] }
		$1 == "torn" || $1 == "limit" { said += $3 }
		$1 == "sample" && $6 != "0" { n["sample", whole[$6] == "whole"]++ }
		$1 == "sleep" && $9 != "0" { n["sleep", whole[$9] == "whole"]++ }
		$1 == "sleep" { last = $2 }
		$1 == "sleep" && $9 != "0" && whole[$9] != "whole" { cut[$3]++ }
		$1 == "begin" { from = $2 }
		$1 == "end" { to = $2 }
		END {
			print "samples: " n["sample", 1] + 0 " whole, " n["sample", 0] + 0 " not"
			print "sleeps: " n["sleep", 1] + 0 " whole, " n["sleep", 0] + 0 " not; " said + 0 " said"
			for (tid in cut) print "of thread " tid ": " cut[tid] " sleeps not whole"
			print "from " from " to " to ", the last sleep at " last
			exit !((to == "" || last <= to) && n["sample", 1] > 2 && n["sleep", 1] > 9 && n["sample", 0] + n["sleep", 0] <= said)
		}' resolved
}
