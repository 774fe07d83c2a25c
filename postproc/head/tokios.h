/* tokios.h - the Tokios of a process: the executable's, or those of its libraries (plugins, extension modules), each with runtimes and a
 * state of its own.
 */
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

#define TOKIOS 4	 /* whose state is read: each makes the probes longer */
#define TOKIO_MODULES 32 /* that are looked into */

/* The modules that were built with Tokio, the executable first. */
struct tokios {
	struct module *module[TOKIO_MODULES];
	size_t count;
	bool more; /* there are more */
};

/* Looks for them among all that is mapped; if there are none, it is the executable alone. */
void tokios_find(struct space *space, struct tokios *tokios);

/* The executable alone. */
void tokios_main(struct space *space, struct tokios *tokios);

/* Writes `tokio` lines: where the state of each is, or why it is not known; and warnings about what is left out. Those of the `count` threads
 * that are seen to run a scheduler get its role and are watched. `unscheduled`: none of them has one at this moment. */
void tokios_write(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios,
		  struct thread *threads, size_t count, bool unscheduled);

/* Writes `site` lines: where probes would tell one poll from another, in all of them; or why they would not. `starts`: at a function's first
 * instruction only. */
void tokios_write_sites(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios, bool starts);

#endif
