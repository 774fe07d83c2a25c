# compose.awk - the script that hud-trace gives to bpftrace, from the probes in this folder. README.md here says what their
# //@ comments stand for.
#
#     awk -v pid=PID -v threshold=US -v hz=HZ -v workers='TID TID' [-v ...] -v bodies=1 -f compose.awk -f own.awk \
#             stack.bt stack.bt threads.bt ...
#
# Further variables: ticks (1: samples are taken at the end of each timer interrupt, not by timers of the script's own), rest (1: there
# are fewer of these until there is doubt whether polls are long), stacks (copy, fp
# or dwarf: how a stack is taken), registers_end (where the registers of user mode end on a thread's kernel stack), sizes (statements that set $most and $slots of stack.bt), shape (what its `copying` line tells
# behind bpftrace's id), vdso (a window around the kernel's code in the process: its start and the logarithm of its length), resume (1: a tracepoint fires when a thread is back in user mode), raw
# (1: bpftrace prints stacks as bare addresses), tokio (statements that set $id_at and the others of poll.bt; empty: polls are
# not told apart so), tracer (the process id of hud-trace), thin (1: no stacks are copied from the start), most (events of waits in a second), sites (what pollentry.bt probes: for each site its kind, 1 if it is slow, and its address in the
# executable, as in P0:0x1234), own (how many of the last files are scripts of the user's: see own.awk), named (a condition: is the current thread named
# like a worker?), names (statements that it needs), duration (ms, 0: no end).
#
# Probes with the same name and filter become one program, and those of a switch of threads or of a wake-up become one whatever their
# filters: each program costs every thread of the machine a little, each time.

function rest_of(line) {
	sub(/^[^@]*@[a-z]+ ?/, "", line)
	return line
}

# How the kernel, or bpftrace, walks the stack of the current thread: at most `most` frames, if that is given.
function walk(how, most) {
	return how "(" (raw ? "raw" : "perf") (most ? ", " most : "") ")"
}

function frames(stack) {
	return "$id = nsecs;\nprintf(\"frames %lx%s\\n\", $id, " stack ");\n"
}

# Statements that take the stack of the current thread, if `here`, else the one of $who that leave() kept; $id is its id.
function capture(here) {
	if (stacks == "fp")
		return here ? body["registers"] frames(walk("ustack")) : frames("@walked[$who]")
	if (stacks == "dwarf" && !here)
		return frames("@walked[$who]")
	if (stacks == "dwarf")
		return body["registers"] "$id = (uint64)0;\nif (@copied > 16777216) {\n@missed = @missed + 1;\n" frames(walk("ustack")) \
			"} else {\n@copied = @copied + 16384;\n" frames(walk("dw_ustack")) "}\n"
	if (!here)
		return body["tell"]
	# Beyond its share of time: frame pointers, better than nothing. bpftrace has a map of 131072 such stacks, whose memory the
	# kernel sets aside: few frames do.
	return body["registers"] "$id = (uint64)0;\nif (@copied > 33554432) {\n@missed = @missed + 1;\n" frames(walk("ustack", 32)) \
		"} else {\nif ($right) {\n" body["extent"] body["place"] body["rows"] body["told"] "}\n}\n"
}

# Where nothing tells when a thread is back in user mode, its stack is taken as it leaves, if that may matter.
function leave(    text) {
	if (resume)
		return ""
	if (stacks == "copy")
		text = body["registers"] "if ($right) {\n" body["extent"] \
			"if (@copied > 33554432) {\n@missed = @missed + 1;\n$bytes = (uint64)0;\n$rows = (uint64)0;\n}\n" \
			body["keep"] body["rows"] body["kept"] "}\n"
	else
		text = "@walked[tid] = " walk(stacks == "fp" ? "ustack" : "dw_ustack") ";\n"
	return exact ? "if ($poll != 0) {\n" text "}\n" : text
}

# bpftrace's own walk by CFI does not get out of the vdso, whose unwind tables are in no file: a poll that is there is looked at
# again a moment later, as long as that is not too late. (The user's registers: see stack.bt.)
function evade_vdso(    at) {
	if (stacks != "dwarf" || split(vdso, at, " ") != 2)
		return ""
	return "$regs = (struct pt_regs *)((uint64)((struct task_struct *)curtask)->stack + 16384 - sizeof(struct pt_regs));\n" \
		"$vdso = (uint64)" at[1] ";\n$ip = (uint64)$regs->ip;\n" \
		"if ((($ip - $vdso) >> " at[2] ") == 0 && $seen - @poll_first[tid] < $2 * 4000) { return; }\n"
}

# Ends the probe that has looked at the current thread, unless its stack may matter: that of a long poll, every 5 ms or as often
# as the threshold is. Looking is cheap, stacks are not. While hud-postproc pace is at rest, the next look may be four fifths of the
# threshold away: a poll that is long by then is not to end without a stack.
function spare(    young) {
	young = "($seen - @poll_first[tid]) * 2 < $2 * 1000"
	if (rest)
		young = "($seen - @poll_first[tid]) * ($seen - @doubt < 50000000000 ? 2 : 5) < $2 * 1000"
	return "if ($poll == 0 || " young ") { return; }\n" evade_vdso() \
		(!spares() ? "" : "if ($seen - @sampled[tid] < " gap() " && @sampled[tid] >= @poll_first[tid]) { return; }\n" \
		"@sampled[tid] = $seen;\n")
}

function gap() {
	return threshold < 5000 ? threshold * 1000 : 5000000
}

# Is the stack of a sample sometimes spared?
function spares() {
	return exact && (ticks || 1e9 / hz < gap())
}

# Takes the current thread for a worker, if it is one.
function discover(    text) {
	text = tokio ? "if ($core != 0) { @worker[tid] = 1; }" : named ? "if (" named ") { @worker[tid] = 1; }" : ""
	return "\t" text "\n\tif (@worker[tid] == 1) {\n\t\tprintf(\"named %lld %d %r\\n\", nsecs, tid, " \
		"buf(((struct task_struct *)curtask)->comm, 16));\n\t}\n"
}

# Forgets the current thread, which exits: maps hold only so many threads, and in a long trace many come and go.
function gone(    names, n, i, text) {
	n = split((spares() ? "sampled " : "") "asleep queued slept state syscall back waker_pid waker_tid waker_stack waker_comm out preempted wait due " \
		"waking came " \
		"culprit_pid culprit_tid culprit_stack culprit_comm", names, " ")
	for (i = 1; i <= n; i++)
		text = text "delete(@" names[i] "[tid]);\n"
	if (stacks == "copy" && !resume)
		text = text "delete(@kept[tid]);\ndelete(@kept_at[tid]);\n" body["forget"]
	return "if (@worker[tid]) {\n" text "}\ndelete(@worker[tid]);\ndelete(@looked[tid]);\n"
}

# Adds to the program `head`, in order of first appearance.
function add(head, text) {
	if (!(head in program))
		order[++heads] = head
	program[head] = program[head] text
}

function expand(line) {
	if (line ~ /\/\/@paste /)
		return body[rest_of(line)]
	if (line ~ /\/\/@capture/)
		return in_back ? "" : capture(1)
	if (line ~ /\/\/@leave/)
		return leave()
	if (line ~ /\/\/@discover/)
		return discover()
	# Not by sub(), to which & means something.
	if (line ~ /\/\/@observe/)
		return exact ? "$who = (uint64)tid;\n" body["observe"] : ""
	if (line ~ /\/\/@aim/)
		return exact ? spare() : ""
	# Tokio's state tells: of what sleeps outside a poll nothing is kept.
	sub(/ \/\*@polling\*\//, tokio ? " \\&\\& $poll != 0" : "", line)
	# It is looked at again as soon as it leaves its CPU.
	sub(/\/\/@watch/, !tokio && named ? "delete(@looked[args->pid]);" : "", line)
	if (line ~ /\/\/@gone/)
		return gone()
	if (in_back && resume)
		gsub(/args->next_pid/, "tid", line)
	return line "\n"
}

# $1 and $2 of the probes, and how much of a stack.
function fill(text) {
	gsub(/\$1 /, pid " ", text)
	gsub(/\$1\//, pid "/", text)
	gsub(/\$2 /, threshold " ", text)
	gsub(/16384[ \n\t]+- sizeof/, registers_end " - sizeof", text)
	return text
}

# Attach points at the sites of some kinds, as many as there are.
function points(kinds, slow,    i, n, site, at) {
	n = split(sites, site, " ")
	for (i = 1; i <= n; i++)
		if (index(kinds, substr(site[i], 1, 1)) && substr(site[i], 2, 1) == slow)
			at = at (at ? "," : "") "uprobe:/proc/" pid "/exe:" substr(site[i], 4)
	return at
}

# A program for those of a kind that cost little, and one for the others.
function show_sites(kinds, text,    slow, at, this) {
	for (slow = 0; slow <= 1; slow++) {
		at = points(kinds, slow)
		if (!at)
			continue
		this = text
		gsub(/[0-9]+; \/\/@cost/, (slow ? 15000 : 1000) ";", this)
		show(at " /pid == $1/", this)
	}
}

BEGIN {
	exact = tokio || sites
}

FNR == 1 {
	standalone = in_back = 0
	title = 1
	part = head = ""
	file++
}

file >= ARGC - own {
	own_line($0)
	next
}

title {
	title = !/^ \*\//
	next
}

# The first files, `bodies` of them, come twice: for their bodies, then for the rest.
/^\/\/@body / {
	if (!(rest_of($0) in body)) {
		part = rest_of($0)
		body[part] = ""
		next
	}
}

part && /^\/\/@(estimated|standalone)/ {
	nested = /estimated/ && !exact ? 1 : 2 # 2: left out
	next
}

part && /^\/\/@end/ {
	if (!nested)
		part = ""
	nested = 0
	next
}

part {
	if (nested == 2)
		next
	sub(/\/\/@sizes/, sizes)
	sub(/\/\/@tokio/, tokio)
	body[part] = body[part] $0 "\n"
	next
}

file <= bodies {
	next
}

/^\/\/@(standalone|body|estimated)/ {
	standalone++
	next
}

/^\/\/@end/ {
	standalone--
	next
}

/^\/\/@polled / {
	polled = rest_of($0)
	next
}

/^\/\/@back/ {
	in_back = 1
	next
}

/^(\/\*@composed|@composed\*\/)/ || standalone {
	next
}

/^struct / {
	if (stacks == "copy")
		structures = structures $0 "\n"
	in_structure = 1
	next
}

in_structure {
	if (stacks == "copy")
		structures = structures $0 "\n"
	in_structure = !/^[}]/
	next
}

/^\/\/@site / {
	kinds = rest_of($0)
	next
}

/^uprobe:/ {
	head = "site " kinds
	next
}

/^(tracepoint|profile|interval):/ {
	head = $0
	if (ticks)
		sub(/^profile:hz:99 /, "tracepoint:timer:hrtimer_expire_exit ", head)
	sub(/^profile:hz:99 /, "profile:hz:" hz " ", head)
	if (polled && exact)
		sub(/\/$/, " \\&\\& @poll_key[" polled "]/", head)
	polled = ""
	if (in_back)
		head = "back"
	next
}

/^[{]/ {
	next
}

/^[}]/ {
	head = ""
	in_back = 0
	next
}

head {
	add(head, expand($0))
	next
}

# Comments between the probes.
{
	next
}

function show(head, text) {
	script = script "\n" fill(head) "\n{\n" fill(text) "}\n"
}

# One program of all that have this attach point, for events that `filter` lets pass. What concerns no worker ends there. A program may use 64
# maps (MAX_USED_MAPS of linux/bpf_verifier.h), some of which are bpftrace's own: where it copies the stack of a thread that leaves, the culprit's is taken by another.
function fuse(point, filter,    i, text) {
	for (i = 1; i <= heads; i++)
		if (index(order[i], point " /") == 1 && (resume || stacks != "copy" || order[i] !~ /@wait\[args->next_pid\]/)) {
			text = text "\tif (" substr(order[i], length(point) + 3, length(order[i]) - length(point) - 3) ") {\n" program[order[i]] "\t}\n"
			fused[order[i]] = 1
		}
	show(point " /" filter "/", text)
}

# Nothing is seen of the workers until all is attached, which takes a moment: half of the probes would tell half of the truth. Very
# many workers are told by several programs, one after the other: what takes bpftrace long is a long program.
function begin(    i, n, tid, text, parts) {
	if (duration)
		show("interval:ms:" duration, counted() "\t@why = 3;\n\t@until = nsecs;\n\texit();\n")
	# What bpftrace has to say is written when 4 KiB of it have come together: with a line like this, at once.
	if (flush)
		show("interval:ms:250", "\tprint(\"#\");\n")
	n = split(workers, tid, " ")
	for (i = 1; i <= n; i++) {
		text = text "\t@worker[" tid[i] "] = 1;\n"
		if (i % 250 == 0 && i < n) {
			show("interval:ms:50 /@told == " parts + 0 "/", text "\t@told = " ++parts ";\n")
			text = ""
		}
	}
	show("interval:ms:50 /@begun == 0" (parts ? " && @told == " parts : "") "/", \
		"\t@begun = 1;\n\tprintf(\"begin %lld\\n\", nsecs);\n" text)
}

# Where polls are told apart: which sleeps count. None outside a poll; in one that is long already, short ones too; else those that
# may be most of one that becomes long.
function aim() {
	if (!exact)
		return ""
	return "\tif (@poll_key[$who] == 0) {\n\t\t$least = (uint64)1 << 62;\n\t}\n" \
		"\tif (@poll_key[$who] != 0 && nsecs - @poll_first[$who] >= $2 * 1000) {\n\t\t$least = (uint64)$2 * 125;\n\t}\n"
}

# A park that had begun before it was known to be one.
function parked() {
	return sites ? "\tif (@poll_parked[$who] != 0) {\n\t\t$least = (uint64)1 << 62;\n\t\t@poll_parked[$who] = (uint64)0;\n\t}\n" : ""
}

# A storm of waits is only counted, and how long they were.
function bound() {
	return "if (@events >= " most ") {\n@uncounted = @uncounted + 1;\n" \
		"@uncounted_ns = @uncounted_ns + @asleep[$who] + @queued[$who] + @wait[$who];\n" \
		"@asleep[$who] = (uint64)0;\n@queued[$who] = (uint64)0;\n@wait[$who] = (uint64)0;\nreturn;\n}\n" \
		"@events = @events + 1;\n"
}

# What was only counted since it was last told. Not by `?`: see sample.bt.
function counted() {
	return (exact ? "\t$polls = (uint64)0;\n\tif (@polls > 10000) {\n\t\t$polls = @polls - 10000;\n\t}\n" : "") \
		"\tif (@uncounted" (exact ? " || $polls" : "") ") {\n\t\tprintf(\"counted %lld %lld %lld" (exact ? " %lld %lld" : "") "\\n\", nsecs, " \
		"@uncounted, @uncounted_ns" (exact ? ", $polls, @polls_ns" : "") ");\n\t}\n"
}

# What bounds tracing's own cost: the counts of each second, and what hud-trace says by giving itself a name (bin/pipeline.bash).
function restrain() {
	show("interval:s:1", counted() "\t@events = (uint64)0;\n\t@uncounted = (uint64)0;\n\t@uncounted_ns = (uint64)0;\n" \
		(exact ? "\t@polls = (uint64)0;\n\t@polls_ns = (uint64)0;\n" : "") "\tif (@why != 0) {\n\t\texit();\n\t}\n")
	show("tracepoint:task:task_rename /pid == " tracer "/", \
		"\tif (args->newcomm == \"hud-thin\") {\n\t\t@thin = (uint64)1;\n\t\t@copied = 33554433;\n\t\tprintf(\"thin %lld\\n\", nsecs);\n\t}\n" \
		"\tif (args->newcomm == \"hud-stop\") {\n\t\t@why = 5;\n\t\texit();\n\t}\n")
}

# A worker is back: its stack is taken once, whatever is to be said of it.
function back(    who) {
	who = resume ? "tid" : "args->next_pid"
	show(resume ? "tracepoint:rseq:rseq_update /pid == $1 && @due[tid]/" : "tracepoint:sched:sched_switch /@due[args->next_pid]/",
		"\t$who = (uint64)" who ";\n\t@due[$who] = (uint64)0;\n\t$id = (uint64)0;\n\t$least = (uint64)$2 * " (exact ? 500 : 1000) ";\n" \
		aim() parked() \
		"\tif (@asleep[$who] + @queued[$who] >= $least || (@wait[$who]" (exact ? " && @poll_key[$who]" : "") ")) {\n" \
		bound() capture(resume) "}\n" program["back"])
}

function end(    maps, text, name) {
	text = (script ~ /@took\[/ ? "\tprint(@took);\n" : "") ("unended" in body ? "\t$now = nsecs;\n\tif (@why == 3) {\n\t\t$now = @until;\n\t}\n\t$oldest = (uint64)$2 * 1000;\n\t$from = (uint64)0;\n" \
		body["unended"] : "") "\tif (@why == 0) { printf(\"end %lld interrupt\\n\", nsecs); }\n" \
		"\tif (@why == 1) { printf(\"end %lld exit\\n\", nsecs); }\n" \
		"\tif (@why == 2) { printf(\"end %lld exec\\n\", nsecs); }\n" \
		"\tif (@why == 5) { printf(\"end %lld overhead\\n\", nsecs); }\n" \
		"\tif (@why == 4) { printf(\"end %lld limit\\n\", nsecs); }\n" \
		"\tif (@why == 3) { printf(\"end %lld duration\\n\", @until); }\n"
	maps = script
	while (match(maps, /@[a-z_]+[0-9]*/)) {
		name = substr(maps, RSTART, RLENGTH)
		if (!(name in cleared))
			text = text "\tclear(" name ");\n"
		cleared[name] = 1
		maps = substr(maps, RSTART + RLENGTH)
	}
	script = script "\nEND\n{\n" own_end fill(text) "}\n"
}

END {
	own_finish()
	if (stacks == "dwarf")
		print "config = { unstable_dw_ustack = \"enable\" }"
	printf "%s%s%s", own_config, own_before, structures
	# The first of all: here bpftrace learns the types.
	show("BEGIN", (tokio || !names ? "" : "\t" names "\n") (sites ? "\t@took[(uint64)0, (uint64)0] = count();\n\tdelete(@took[(uint64)0, (uint64)0]);\n" : "") "\t@out[(uint64)0] = (uint64)0;\n\t@came[(uint64)0] = (uint64)0;\n\t@waking[(uint64)0] = (uint64)0;\n" \
		"\t@told = 0;\n\t@strange = (uint64)0;\n\t@elsewhere = 0;\n\t@why = 0;\n\t@copied = (uint64)" (thin ? 33554433 : 0) ";\n\t@missed = (uint64)0;\n\t@thin = (uint64)" (thin ? 1 : 0) ";\n\t@begun = 0;\n\t@until = (uint64)0;\n" \
		"\t@events = (uint64)0;\n\t@uncounted = (uint64)0;\n\t@uncounted_ns = (uint64)0;\n" \
		(exact ? "\t@poll_thread[(uint64)0] = (uint64)0;\n\t@poll_key[(uint64)0] = (uint64)0;\n\t@poll_from = (uint64)0;\n" (tokio ? "\t@poll_seen[(uint64)0] = ((uint64)0, (uint64)0);\n" : "") "\t@polls = (uint64)0;\n\t@polls_ns = (uint64)0;\n" : "") (tokio ? "\t@worked = (uint64)0;\n\t@doubt = (uint64)0;\n" : "") \
		(stacks == "copy" ? "\t@piece = (uint64)0;\n\tprintf(\"copying %d " shape "\\n\", pid);\n" : ""))
	fuse("tracepoint:sched:sched_switch", "pid == $1 || @worker[args->next_pid]")
	fuse("tracepoint:sched:sched_waking", "@worker[args->pid]")
	for (i = 1; i <= heads; i++)
		if (order[i] in fused)
			continue
		else if (order[i] ~ /^site /)
			show_sites(substr(order[i], 6), program[order[i]])
		else if (order[i] != "back")
			show(order[i], program[order[i]])
	back()
	begin()
	restrain()
	end()
	i = index(script, "\nBEGIN\n{\n") + length("\nBEGIN\n{\n")
	printf "%s%s%s%s", substr(script, 1, i - 1), own_begin, substr(script, i), own_probes
}
