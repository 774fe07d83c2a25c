# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The descriptors that a process has open. Each child gets 0, 1, 2 and those that it needs, and no others.

NAMED_FDS=() # those named on the command line, as process substitution does: /dev/fd/N

# Notes the descriptor that the path $1 names, if it names one.
note_descriptor() {
	[[ ! $1 =~ ^/(dev|proc/self)/fd/([0-9]{1,6})$ ]] || NAMED_FDS+=("${BASH_REMATCH[2]}")
}

# Closes this process's descriptors from 3 up, except $@ and those that an exec closes anyway (bash's own).
close_others() {
	local file fd word flags kept=" $* "

	for file in /proc/self/fdinfo/*; do
		fd=${file##*/}
		[[ $fd != [012] && $kept != *" $fd "* ]] || continue
		# The descriptor of the directory is closed by now.
		{ while read -r word flags && [[ $word != flags: ]]; do :; done <"$file"; } 2>/dev/null || continue
		# O_CLOEXEC of asm-generic/fcntl.h: the same value on x86-64 and aarch64.
		((8#$flags & 8#2000000)) || exec {fd}>&-
	done
}

# Makes an unnamed pipe and sets IN and OUT to its two ends, each opened on its own.
open_pipe() {
	local both

	exec {both}<> <(:)
	exec {IN}<"/dev/fd/$both" {OUT}>"/dev/fd/$both" {both}>&-
}
