# SPDX-License-Identifier: Apache-2.0
# compose.awk - composes the script that hud-trace gives to bpftrace from parts/*.bt.
#
#     awk -f compose.awk -f own.awk PARAMETERS PART... own=1 OWN...
#
# Each line of PARAMETERS is a name and its value. In code, the name is replaced by the value. Parts may have
# four directives:
#
#     //@if NAME ... //@end     kept if NAME is set and not 0; with !NAME, if it is unset, empty or 0
#     //@body NAME ... //@end   defines a piece, with the comment above it
#     //@paste NAME             inserts that piece
#     //@each NAME ... //@end   repeats as many times as NAME's value; in turn i, each word W for which there is
#                               a parameter W_i becomes its value
#
# Some pieces are generated: `forget` deletes what is kept for the current thread, `clear` empties all maps,
# and own_* are pieces of the OWN scripts (own.awk). `names` and `workers` come from compose.bash (made_part).

function on(name) {
	return name in value && value[name] != "" && value[name] != "0"
}

# Replaces names by their values in a line of code.
function fill(line,    done, word, before, numbered) {
	while (match(line, /[A-Z][A-Z_0-9]*/)) {
		word = substr(line, RSTART, RLENGTH)
		before = RSTART > 1 ? substr(line, RSTART - 1, 1) : ""
		numbered = word "_" turn
		if (turn && numbered in value && before !~ /[A-Za-z0-9_@$."]/)
			done = done substr(line, 1, RSTART - 1) value[numbered]
		else if (word in value && before !~ /[A-Za-z0-9_@$."]/)
			done = done substr(line, 1, RSTART - 1) value[word]
		else
			done = done substr(line, 1, RSTART + RLENGTH - 1)
		line = substr(line, RSTART + RLENGTH)
	}
	return done line
}

function put(text) {
	if (piece)
		body[piece] = body[piece] text
	else {
		script = script title text
		title = ""
	}
}

FNR == 1 {
	file++
	title = pending = ""
}

file == 1 {
	name = $1
	sub(/^[^ ]+ ?/, "")
	value[name] = $0
	if (name == "PID")
		pid = $0
	if (name == "THRESHOLD_US")
		threshold = $0
	next
}

own {
	own_line($0)
	next
}

# The licence of a part is not the script's.
FNR == 1 && /SPDX-License-Identifier/ {
	next
}

/^[ \t]*\/\/@if / {
	depth++
	left_out[depth] = left_out[depth - 1] || ($2 ~ /^!/ ? on(substr($2, 2)) : !on($2))
	# The comment above belongs to it.
	if (left_out[depth])
		pending = ""
	next
}

/^[ \t]*\/\/@body / {
	depth++
	left_out[depth] = left_out[depth - 1]
	of_piece[depth] = 1
	if (!left_out[depth]) {
		piece = $2
		# Indents it like the piece.
		gsub(/(^|\n)/, "&\t", pending)
		sub(/\t$/, "", pending)
		body[piece] = pending
		pending = ""
	}
	next
}

/^[ \t]*\/\/@each / {
	depth++
	left_out[depth] = left_out[depth - 1]
	if (!left_out[depth]) {
		times = value[$2]
		lines_of_each = 0
		repeats[depth] = 1
	}
	next
}

/^[ \t]*\/\/@end/ && repeats[depth] {
	delete repeats[depth--]
	for (turn = 1; turn <= times; turn++)
		for (i = 1; i <= lines_of_each; i++)
			put(fill(each[i]) "\n")
	turn = 0
	next
}

repeats[depth] {
	each[++lines_of_each] = $0
	next
}

/^[ \t]*\/\/@end/ {
	if (of_piece[depth] && !left_out[depth])
		piece = ""
	delete of_piece[depth]
	depth--
	next
}

left_out[depth] {
	next
}

# The comment above the first empty line is about the whole part. It is written before the first code that is
# kept.
/^$/ && !piece {
	if (!title_done[file]++)
		title = pending "\n"
	else if (pending != "")
		put(pending "\n")
	pending = ""
	next
}

/^[ \t]*\/\*/ || in_comment {
	in_comment = !/\*\//
	pending = pending $0 "\n"
	next
}

{
	put(pending fill($0) "\n")
	pending = ""
	if (/^}/ && !piece)
		put("\n")
}

# `text` with pieces in place of //@paste, each line behind `indent`; leaves out those in `later`.
function expand(text, indent, later,    lines, n, i, name, done, inner) {
	n = split(text, lines, "\n") - 1
	for (i = 1; i <= n; i++) {
		name = inner = lines[i]
		if (!sub(/^[ \t]*\/\/@paste /, "", name) || (" " later " ") ~ (" " name " ")) {
			done = done (lines[i] == "" ? "" : indent lines[i]) "\n"
			continue
		}
		sub(/\/\/@.*/, "", inner)
		# Pieces are indented by one tab.
		sub(/^\t/, "", inner)
		done = done expand(body[name], indent inner, later)
	}
	return done
}

# A statement for each map that `pattern` finds in `text`, except those in `but`.
function for_maps(text, pattern, but, before, after,    name, done, seen) {
	while (match(text, pattern)) {
		name = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		sub(/\[.*/, "", name)
		if (!(name in seen) && (" " but " ") !~ (" " name " "))
			done = done "\t" before name after "\n"
		seen[name] = 1
	}
	return done
}

# `text` without casts in programs at poll sites: for each cast at each site, bpftrace 0.17 reads all debug
# information of the target (FieldAnalyser::visit in its field_analyser.cpp): 8 s for 31 sites. Without casts
# its integers compare and store the same.
function without_casts(text,    lines, n, i, at_site, done) {
	n = split(text, lines, "\n") - 1
	for (i = 1; i <= n; i++) {
		if (lines[i] ~ /^uprobe:/)
			at_site = 1
		if (at_site)
			gsub(/\(uint64\)/, "", lines[i])
		if (lines[i] ~ /^}/)
			at_site = 0
		done = done lines[i] "\n"
	}
	return done
}

END {
	own_finish()
	body["own_before"] = own_before
	body["own_begin"] = own_begin
	body["own_end"] = own_end
	made = "forget clear own_before own_begin own_end"
	script = expand(script, "", made)
	body["forget"] = for_maps(script, "@[a-z_]+[0-9]*\\[([$]who|tid)\\]", "@worker @look", "delete(", "[tid]);")
	body["clear"] = for_maps(script, "@[a-z_]+[0-9]*", "@paste", "clear(", ");")
	script = expand(script, "")
	printf "%s%s%s", own_config, on("CASTLESS_SITES") ? without_casts(script) : script, own_probes
}
