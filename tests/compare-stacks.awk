# SPDX-License-Identifier: Apache-2.0
# Holds the stacks of a process as `hud-postproc resolve` gives them against gdb's, and against what the program says it does.
#
#     awk -f compare-stacks.awk CHAINS RECORDING RESOLVED BACKTRACES
#
# CHAINS: its `chain NAME TID FUNCTION...` lines, innermost function first. RECORDING: a stack for each thread. RESOLVED: the
# same after `hud-postproc resolve`. BACKTRACES: gdb's `thread apply all bt` with addresses and without arguments.
#
# Prints a line for each difference, and `result WHOLE SAME NAMED LINES INLINED COUNT` at the end: how many stacks were
# followed to the start of their thread; machine frames that are gdb's; known functions that are named; that have their source
# line; that have no frame of their own and are named: all, some or none; and the number of machine frames.

# The hexadecimal number `hex` plus one.
function next_of(hex,    i, digit, digits) {
	digits = "0123456789abcdef"
	for (i = length(hex); i > 0; i--) {
		digit = index(digits, substr(hex, i, 1)) % 16
		hex = substr(hex, 1, i - 1) substr(digits, digit + 1, 1) substr(hex, i + 1)
		if (digit)
			break
	}
	return hex
}

# The name without what stands in angle brackets.
function plain(name,    i, c, depth, out) {
	gsub(/->/, "", name)
	for (i = 1; i <= length(name); i++) {
		c = substr(name, i, 1)
		if (c == "<") depth++
		else if (c == ">") depth--
		else if (!depth) out = out c
	}
	return out
}

# What debug info and a symbol table both call a function: its last name, and {} for each closure in it.
function short(name,    n, part, i, closures) {
	sub(/::h[0-9a-f]+$/, "", name)
	name = plain(name)
	gsub(/[{][{]?(vtable\.shim|shim:)[^}]*[}]?[}]/, "", name)
	gsub(/[{][{]?(closure|async_fn|async_block)[^}]*[}]?[}]/, "{}", name)
	gsub(/::(::)+/, "::", name)
	sub(/::$/, "", name)
	n = split(name, part, "::")
	for (i = n; i > 1 && part[i] == "{}"; i--)
		closures = closures "{}"
	return part[i] closures
}

# A place in the source, without folders: those are told in more than one way.
function position(file, line) {
	sub(/.*\//, "", file)
	return file == "" || file == "-" ? "" : file ":" line
}

function share(part, of) {
	return !part ? "none" : part == of ? "all" : "some"
}

function differs(text) {
	print "thread " thread " (" chain[thread] "): " text
	differences++
}

FNR == 1 { input++ }

input == 1 && $1 == "chain" {
	chain[$3] = $2
	for (i = 4; i <= NF; i++)
		known[$3, i - 3] = $i
}

input == 2 && $1 == "stack" {
	tid[$2] = $3
	on_stack[$3, $4] = 1
}

input == 2 && $1 == "words" {
	for (i = 5; i <= NF; i++)
		on_stack[$3, $i] = 1
}

# gdb has none of these, unless debug info lists every call: Rust's does not. What is inlined there came before it.
input == 3 && $1 == "frame" && $4 == "tail" {
	t = tid[$2]
	while (ours[t] && inlined[t, ours[t]] && pc[t, ours[t]] == $6)
		ours[t]--
	next
}

input == 3 && $1 == "frame" {
	t = tid[$2]
	n = ++ours[t]
	whole[t] = $3 == "whole"
	inlined[t, n] = $4 == "inlined"
	pc[t, n] = $6
	at[t, n] = position($13, $8)
	name[t, n] = $11 == "-" ? "" : $11
	gsub(/\\x20/, " ", name[t, n])
}

# A thread that stands where another one does.
input == 3 && $1 == "same" {
	t = tid[$2]
	from = tid[$3]
	ours[t] = ours[from]
	whole[t] = whole[from]
	for (n = 1; n <= ours[t]; n++) {
		inlined[t, n] = inlined[from, n]
		pc[t, n] = pc[from, n]
		at[t, n] = at[from, n]
		name[t, n] = name[from, n]
	}
}

input == 4 && /^Thread / {
	match($0, /LWP [0-9]+/)
	t = substr($0, RSTART + 4, RLENGTH - 4)
}

input == 4 && /^#[0-9]+ / {
	address = $2
	sub(/^0x0*/, "", address)
	if (/<signal handler called>/)
		address = "signal"
	else if (!((t, address) in on_stack))
		next # gdb infers it from a tail call: nothing returns there
	n = ++theirs[t]
	their_pc[t, n] = address
	sub(/^#[0-9]+ +0x[0-9a-f]+ in /, "")
	if (match($0, / at [^ ]+:[0-9]+$/)) {
		place = substr($0, RSTART + 4)
		their_at[t, n] = position(substr(place, 1, match(place, /:[0-9]+$/) - 1), substr(place, RSTART + 1))
		sub(/ at [^ ]+:[0-9]+$/, "")
	}
	sub(/ from [^ ]+$/, "")
	sub(/ \([^()]*\)$/, "")
	their_name[t, n] = $0 == "??" ? "" : $0
}

function same_pc(own, their) {
	return their == "signal" || own == their || next_of(own) == their
}

# Both lists, machine frame by machine frame: functions inlined into one have its address.
function compare(t,    i, j, i0, j0, k) {
	thread = t
	for (i = j = 1; i <= ours[t] && j <= theirs[t]; frames++) {
		for (i0 = i; inlined[t, i] && i < ours[t]; i++)
			;
		for (j0 = j; j < theirs[t] && their_pc[t, j + 1] == their_pc[t, j]; j++)
			;
		if (same_pc(pc[t, i], their_pc[t, j]))
			same++
		else
			differs("frame at " pc[t, i] " " name[t, i] ", but gdb's at " their_pc[t, j] " " their_name[t, j])
		compare_names(t, i, j)
		if (i - i0 == j - j0)
			for (k = 0; k <= i - i0; k++) {
				compare_names(t, i0 + k, j0 + k)
				compare_lines(t, i0 + k, j0 + k)
			}
		else if (i > i0 && j > j0)
			differs(i - i0 " functions inlined into " name[t, i] " at " pc[t, i] ", but " j - j0 " of gdb")
		i++
		j++
	}
	if (i <= ours[t] || j <= theirs[t])
		differs(ours[t] - i + 1 " more frames, and " theirs[t] - j + 1 " more of gdb")
	frames += theirs[t] - j + 1
}

# What one of the two does not know is nothing to compare. A C function has as many names as it has aliases.
function compare_names(t, i, j) {
	if (their_name[t, j] ~ /::/ && name[t, i] != "" && short(name[t, i]) != short(their_name[t, j]))
		differs(name[t, i] " at " pc[t, i] ", but gdb says " their_name[t, j])
}

# Code that the compiler made of several lines has line 0; gdb takes the line before.
function compare_lines(t, i, j) {
	if (their_at[t, j] != "" && at[t, i] != "" && at[t, i] != their_at[t, j] && at[t, i] !~ /:0$/)
		differs(name[t, i] " at " at[t, i] ", but gdb says " their_at[t, j])
}

# The known functions of a thread in their order, others between them.
function seek(t,    i, k) {
	for (k = 1; (t, k) in known; k++)
		wanted++
	for (k = i = 1; (t, k) in known && i <= ours[t]; i++) {
		if (name[t, i] !~ "(^|[^a-z_])chains::" && name[t, i] !~ "^" known[t, k] "$")
			continue
		for (; (t, k) in known && short(name[t, i]) !~ "^" known[t, k] "([{][}])*$" && more(t, i, k); k++)
			;
		if (!((t, k) in known) || short(name[t, i]) !~ "^" known[t, k] "([{][}])*$")
			continue
		named++
		lines += at[t, i] ~ /^main\.rs:[1-9]/
		k++
	}
}

# Is the function at `i` a later one of the chain's?
function more(t, i, k) {
	while ((t, ++k) in known)
		if (short(name[t, i]) ~ "^" known[t, k] "([{][}])*$")
			return 1
	return 0
}

END {
	for (t in chain) {
		thread = t
		if (!theirs[t] || !ours[t])
			differs(ours[t] + 0 " frames, and " theirs[t] + 0 " of gdb")
	}
	for (t in theirs) {
		threads++
		wholes += whole[t]
		compare(t)
		seek(t)
		for (i = 1; i <= ours[t]; i++)
			folded += inlined[t, i] && name[t, i] ~ /chains::folded/
	}
	print "result", share(wholes, threads), share(same, frames), share(named, wanted), share(lines, wanted),
		share(folded, 2), frames + 0
}
