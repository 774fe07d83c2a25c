# SPDX-License-Identifier: Apache-2.0
# repeat.awk - a long recording out of a short one: its events again and again, each time later.
#
#     awk -v events=1000000 -f repeat.awk recording > long
#
# The head and the stacks come once, so there are as many distinct stacks as before, however many events. With -v churn=N
# every Nth event is followed by a thread that appears, sleeps long and exits, each with an id and a name of its own.

# Which fields are times, by kind.
BEGIN {
	times["sample"] = times["runq"] = times["sleep"] = 1
	times["poll"] = 4 # and the three after it, of which the third may be 0: none
}

$1 in times {
	n++
	kind[n] = $1
	at[n] = $2
	if ($1 == "poll") {
		first[n] = $4
		last[n] = $5
		before[n] = $6
		id[n] = $3
		sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+/, "")
	} else
		sub(/^[^ ]+ [^ ]+/, "")
	rest[n] = $0
	next
}

$1 == "begin" { begin = $2 }
$1 == "end" { end = $2; next }
{ print }

END {
	for (i = 0; i < events; i++) {
		j = i % n + 1
		if (j == 1)
			shift = (end - begin) * (i / n)
		if (kind[j] == "poll")
			printf "poll %.0f %s %.0f %.0f %.0f%s\n", at[j] + shift, id[j], first[j] + shift, last[j] + shift, before[j] ? before[j] + shift : 0, rest[j]
		else
			printf "%s %.0f%s\n", kind[j], at[j] + shift, rest[j]
		if (churn && i % churn == 0) {
			tid = 100000 + i / churn
			printf "named %.0f %d w%d\nsleep %.0f %d 0 9000000 0 S 1 0 0 0 0 w%d\ngone %.0f %d\n", at[j] + shift, tid, tid, at[j] + shift + 1, tid, tid, at[j] + shift + 2, tid
		}
	}
	printf "end %.0f interrupt\n", end + shift
}
