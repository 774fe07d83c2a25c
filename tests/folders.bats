#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The folders of postproc/ have an order, and no include goes back up. The order is the list in
# postproc/README.md, which has another one of all files.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	cd "$BATS_TEST_TMPDIR"
}

# Prints wrong includes of tree $1. The list in its README.md has one folder on a line, or several that must
# not include each other.
wrong_includes() {
	awk '
		function folder_of(path) { return sub(/\/[^\/]*$/, "", path) ? path : path == "main.c" ? path : "." }

		FNR == NR && /^## / { listed = /^## Which folder may include which/ }
		FNR == NR && listed && /^    / {
			line++
			for (i = 1; i <= NF; i++)
				place[$i] = line
		}
		FNR == NR { next }
		{
			file = substr($0, 3, index($0, ":") - 3)
			split($0, quoted, "\"")
			from = folder_of(file)
			to = folder_of(quoted[2])
			if (!(from in place) || !(to in place))
				print file " includes " quoted[2] ": not on the list"
			else if (from != to && place[to] <= place[from])
				print file " includes " quoted[2] ": not further down"
		}
	' "$1/README.md" <(cd "$1" && grep -rE --include='*.[ch]' '^ *# *include *"' .)
}

@test "an include goes to its own folder or further down" {
	wrong_includes "$ROOT/postproc" >wrong
	diff /dev/null wrong
}

@test "an include that runs up, to a neighbour, or to no folder is seen" {
	local file include

	mkdir tree
	cp "$ROOT/postproc/README.md" tree
	while read -r file include; do
		mkdir -p "tree/$(dirname "$file")"
		echo "#include \"$include\"" >>"tree/$file"
		echo "$file includes $include: not"
	done <<-'END' | sort >wanted
		base/clock.c sandbox/confine.h
		command/head.c elsewhere/clock.h
		diff/diff.h command/command.h
		format/csv.c chart/chart.h
		report/report.c clock.h
		resolve/elf/binary.c resolve/symbolize/symbolize.h
		resolve/unwind/unwind.h resolve/symbolize/names.h
		stream/event.h target/inspector.h
	END
	echo '#include "base/clock.h"' >tree/command/report.c
	wrong_includes tree | sed -E 's/ (on the list|further down)$//' | sort >seen
	diff wanted seen
}

@test "the list has every folder, each once, and no other" {
	sed -n '/^## Which folder may include which/,$ { /^    / p }' "$ROOT/postproc/README.md" |
		tr -s ' ' '\n' | sed '/^$/d' | sort >listed
	(cd "$ROOT/postproc" && find . -name '*.[ch]' -printf '%P\n' | sed 's|/[^/]*$||' | sort -u) >there
	diff there listed
}

@test "the list of files has every module, each once, and no other" {
	sed -nE '/^## The files/,$ s/^- `([^`]+)`: ..*/\1/p' "$ROOT/postproc/README.md" | sort >listed
	(cd "$ROOT/postproc" && find . -name '*.[ch]' -printf '%P\n' | sed 's/\.[ch]$//' | sort -u) >there
	(($(wc -l <there) > 100))
	diff there listed
}

@test "tests/unit has the same folders" {
	cd "$ROOT/tests/unit"
	while read -r folder; do
		[[ -d $ROOT/postproc/$folder ]]
	done < <(find . -name 'test_*.c' -printf '%h\n' | sort -u)
}
