/* SPDX-License-Identifier: Apache-2.0 */
/* tokios.h - the Tokios of a process: the executable's, or those of its libraries (plugins, extension
 * modules). Each has its own runtimes and state. */
#ifndef HUD_HEAD_TOKIOS_H
#define HUD_HEAD_TOKIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct module;
struct space;
struct symbolizer;
struct thread;
struct tokio_layout;

#define TOKIOS 4	 /* whose state is read: each makes the probes longer */
#define TOKIO_MODULES 32 /* that are examined */

/* The modules that were built with Tokio, the executable first. */
struct tokios {
	struct module *module[TOKIO_MODULES];
	size_t count;
	bool more; /* there are more */
};

/* Finds them among all mapped modules; if there are none, takes the executable. */
void tokios_find(struct space *space, struct tokios *tokios);

/* The same, but takes none if there are none. Returns whether there is one. */
bool tokios_find_all(struct space *space, struct tokios *tokios);

/* Finds the state of one Tokio in the live process, by the threads whose thread pointers are known; those that run a
 * scheduler of its get that role and are watched. Returns NULL, or why it is not known (static text). */
const char *tokios_state(pid_t pid, struct space *space, struct module *module, struct thread *threads,
			 size_t count, struct tokio_layout *layout);

/* Takes only the executable. */
void tokios_main(struct space *space, struct tokios *tokios);

/* Writes `tokio` lines: where each Tokio keeps its state, or why that is not known; and warnings about what
 * is left out. Threads that run a scheduler by this get its role and are watched. `unscheduled`: none of them
 * has a scheduler now. */
void tokios_write(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios,
		  struct thread *threads, size_t count, bool unscheduled);

/* Writes `site` lines: where probes tell polls apart, for all Tokios, or why they cannot. `starts`: probe
 * only a function's first instruction. */
void tokios_write_sites(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios, bool starts);

#endif
