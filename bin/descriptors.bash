# shellcheck shell=bash
# Which descriptors a process has open: each child gets 0, 1, 2 and what it needs besides, and nothing that merely happens to be open.

NAMED_FDS=() # those that the command line names, as process substitution does: /dev/fd/N

# Remembers the descriptor that the path $1 names, if it does.
note_descriptor() {
	[[ ! $1 =~ ^/(dev|proc/self)/fd/([0-9]{1,6})$ ]] || NAMED_FDS+=("${BASH_REMATCH[2]}")
}

# Closes all descriptors of this process from 3 up, but $@ and those that no program that it becomes would get (bash's own).
close_others() {
	local file fd word flags kept=" $* "

	for file in /proc/self/fdinfo/*; do
		fd=${file##*/}
		[[ $fd != [012] && $kept != *" $fd "* ]] || continue
		# That of the directory is gone by now.
		{ while read -r word flags && [[ $word != flags: ]]; do :; done <"$file"; } 2>/dev/null || continue
		# O_CLOEXEC of asm-generic/fcntl.h; the same on x86-64 and aarch64.
		((8#$flags & 8#2000000)) || exec {fd}>&-
	done
}

# A pipe with no name: sets IN and OUT to its ends, opened apart.
open_pipe() {
	local both

	exec {both}<> <(:)
	exec {IN}<"/dev/fd/$both" {OUT}>"/dev/fd/$both" {both}>&-
}
