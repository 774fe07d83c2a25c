/* SPDX-License-Identifier: Apache-2.0 */
/* head.h - the head of an event-line stream: everything about a process that is needed to resolve its events
 * later.
 *
 * It is written before the first event: see "Head" in probes/README.md. The running process is read here,
 * once; later everything reads the stream.
 */
#ifndef HUD_HEAD_HEAD_H
#define HUD_HEAD_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "resolve/elf/address-space.h"

struct head_options {
	long pid;	     /* the process, by the number in this program's /proc */
	const char *workers; /* prefix of the workers' names; NULL: find out */
	struct targets targets;
	bool probe_starts;	 /* this bpftrace can only probe a function's first instruction */
	bool debuginfod;	 /* ask debuginfod servers for missing debug info */
	const char *const *meta; /* "KEY=VALUE": further meta lines, for what only the caller knows */
	size_t metas;
	int (*confine)(void); /* gives up the rights of the process that reads the target's files */
};

/* Writes the head of the stream of a live process to `out`. To find its workers, unless `workers` names them,
 * stops each thread for a moment (see roles.h). What cannot be found out is left out, or becomes a `meta
 * warning` line. Returns 0; -1 with errno set if the process is gone, may not be read, or writing failed; 1
 * after a message. */
int head_write(FILE *out, const struct head_options *options);

#endif
