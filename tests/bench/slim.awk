# SPDX-License-Identifier: Apache-2.0
# slim.awk - a recording with names (--resolve) made smaller, for a test to keep.
#
#     awk -v root=FOLDER -f slim.awk recording recording > smaller
#
# Stacks that have the same frames become one: the ids are hashes of more than these. FOLDER, where the tree was, becomes
# /home/user, and other programs are called `other`. The recording is read twice.

FNR == 1 {
	pass++
}

$1 == "frame" && pass == 1 {
	id = $2
	$2 = ""
	frames[id] = frames[id] "\n" $0
	next
}

$1 == "same" && pass == 1 {
	frames[$2] = frames[$3]
	next
}

pass == 1 {
	if ($1 == "meta" && $2 == "pid")
		pid = $3
	next
}

FNR == 1 {
	for (id in frames)
		if (!(frames[id] in first) || id < first[frames[id]])
			first[frames[id]] = id
}

# The id of the stack that stands for this one.
function one(id) {
	return id in frames ? first[frames[id]] : id
}

# The name of another program, which begins with field i and may hold spaces or be empty.
function other(i,    n, text) {
	if ($(i - 3) == pid)
		return
	for (n = 1; n < i; n++)
		text = text $n " "
	$0 = text "other"
}

# Of the stack that stands for others the frames may stand under another's name.
$1 == "same" {
	next
}

$1 == "frame" && written[one($2)] && written[one($2)] != $2 {
	next
}

$1 == "frame" {
	id = one($2)
	written[id] = $2
	$2 = id
}

$1 == "sample" {
	$6 = one($6)
}

$1 == "runq" {
	$7 = one($7)
	$10 = one($10)
	other(11)
}

$1 == "sleep" {
	$9 = one($9)
	$12 = one($12)
	other(13)
}

{
	while (i = index($0, root))
		$0 = substr($0, 1, i - 1) "/home/user" substr($0, i + length(root))
	print
}
