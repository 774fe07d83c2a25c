/* head.h - the head of an event-line stream: all about a process that is needed to resolve its events later.
 *
 * Written before the first event, see "Head" in probes/README.md. What is asked of the running process is asked here,
 * once; everything after it reads the stream.
 */
#ifndef HUD_HEAD_HEAD_H
#define HUD_HEAD_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "resolve/elf/address-space.h"

struct head_options {
	long pid;	     /* the process, as this program's /proc numbers it */
	const char *workers; /* threads whose name starts so are the workers; NULL: find out */
	struct targets targets;
	bool probe_starts;	 /* this bpftrace probes functions at their first instruction only */
	bool debuginfod;	 /* ask debuginfod's servers for what debug info is missing */
	const char *const *meta; /* "KEY=VALUE": more meta lines, for what only the caller knows */
	size_t metas;
	int (*confine)(
		void); /* gives up the rights of the process that reads the target's files, which is another one */
};

/* Writes the head of the stream of a live process to `out`. To find its workers, unless `workers` names them, each of its
 * threads is stopped for a moment (see roles.h). What cannot be found out is left out or becomes a
 * `meta warning` line. Returns 0; -1 with errno set: the process is gone or not ours to read, or writing failed; or 1 after a
 * message. */
int head_write(FILE *out, const struct head_options *options);

#endif
