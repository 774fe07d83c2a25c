# SPDX-License-Identifier: Apache-2.0
# own.awk - takes the user's own script apart, to compose it with the parts. compose.awk calls it.
#
# bpftrace 0.17 and 0.23 allow only one BEGIN and one END (0.27 allows more), and all versions require
# structures and #include lines before the probes. So a script is taken apart at its outermost braces. $1 and
# $2 become numbers; what is between //@standalone and //@end is left out. Before every piece comes a line
#
#     //# FILE LINE
#
# with where it is from (the number of the script, and of its line), so that bpftrace's complaints can name
# it.

function own_mark(file, line) {
	return "//# " file " " line "\n"
}

# At the first line of a script, and at the end of the last one. bpftrace refuses what has no closing brace.
function own_finish() {
	if (own_text ~ /[^ \t\n]/)
		own_probes = own_probes own_mark(own_file, own_start) own_text
	own_text = own_bare = own_body = ""
	own_depth = own_comment = own_skipping = 0
}

# An item ends with the brace before `rest`. Returns what is left of the line.
function own_item(rest) {
	if (own_bare ~ /^[ \t\n]*BEGIN[ \t\n]*$/ || own_bare ~ /^[ \t\n]*begin[ \t\n]*$/)
		own_begin = own_begin own_mark(own_file, own_opened) own_body "\n" own_mark(0, 0)
	else if (own_bare ~ /^[ \t\n]*END[ \t\n]*$/ || own_bare ~ /^[ \t\n]*end[ \t\n]*$/)
		own_end = own_end own_mark(own_file, own_opened) own_body "\n" own_mark(0, 0)
	else if (own_bare ~ /^[ \t\n;]*(struct|union|enum)[ \t\n]/)
		own_before = own_before own_mark(own_file, own_start) own_text (sub(/^[ \t]*;/, "", rest) ? ";" : "") "\n" own_mark(0, 0)
	else if (own_bare ~ /^[ \t\n;]*config[ \t\n]*=/)
		own_config = own_config own_mark(own_file, own_start) own_text "\n" own_mark(0, 0)
	else
		own_probes = own_probes own_mark(own_file, own_start) own_text "\n" own_mark(0, 0)
	own_text = own_bare = own_body = ""
	own_start = FNR
	return rest
}

function own_add(text, is_code) {
	own_text = own_text text
	if (own_depth)
		own_body = own_body text
	else if (is_code)
		own_bare = own_bare text
}

# Takes a comment, string, parameter or character from the start of `line`. Returns what is left of it.
function own_token(line,    at) {
	if (own_comment || line ~ /^\/\*/) {
		at = index(own_comment ? line : substr(line, 3), "*/")
		if (at)
			at += own_comment ? 1 : 3
		own_comment = !at
		own_add(at ? substr(line, 1, at) : line, 0)
		return at ? substr(line, at + 1) : ""
	}
	if (line ~ /^\/\//) {
		# Only this program may write such a mark.
		if (line !~ /^\/\/# /)
			own_add(line, 0)
		return ""
	}
	if (match(line, /^"([^"\\]|\\.)*"/)) {
		own_add(substr(line, 1, RLENGTH), 1)
		return substr(line, RLENGTH + 1)
	}
	if (line ~ /^\$[12]([^0-9A-Za-z_]|$)/) {
		own_add(substr(line, 2, 1) == 1 ? pid : threshold, 1)
		return substr(line, 3)
	}
	at = substr(line, 1, 1)
	if (at == "}" && own_depth == 1) {
		own_depth = 0
		own_text = own_text at
		return own_item(substr(line, 2))
	}
	if (at == "{" && !own_depth++) {
		own_opened = FNR
		own_text = own_text at
		return substr(line, 2)
	}
	if (at == "}" && own_depth)
		own_depth--
	if (match(line, /^[^"\/{}$*]+/)) {
		own_add(substr(line, 1, RLENGTH), 1)
		return substr(line, RLENGTH + 1)
	}
	own_add(at, 1)
	return substr(line, 2)
}

function own_line(line) {
	if (FNR == 1) {
		own_finish()
		own_file++
		own_start = 1
		# #!/usr/bin/env bpftrace
		sub(/^#!.*/, "", line)
	}
	if (line ~ /^\/\/@standalone/)
		own_skipping = 1
	else if (line ~ /^\/\/@end/)
		own_skipping = 0
	else if (!own_skipping && !own_comment && !own_depth && line ~ /^[ \t]*#/)
		own_before = own_before own_mark(own_file, FNR) line "\n" own_mark(0, 0)
	else
		while (!own_skipping && line != "")
			line = own_token(line)
	# Keeps the line numbers.
	if (own_text ~ /[^ \t\n]/)
		own_add("\n", 1)
	else {
		own_text = own_bare = ""
		own_start = FNR + 1
	}
}
