/* SPDX-License-Identifier: Apache-2.0 */
/* look-process.h - the process that looks. It reads the target's memory, ELF and DWARF, and may crash; then
 * another one looks without its files. */
#ifndef HUD_TASKS_LOOK_PROCESS_H
#define HUD_TASKS_LOOK_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct look_process {
	/* Looks, and writes what is shown. Returns the exit status of the command. `without_files`: reads no files
	 * of the target's. */
	int (*run)(FILE *out, bool without_files, void *context);
	int (*confine)(void); /* gives up the process's rights */
	const int *kept;      /* descriptors that it needs; negative ones are none */
	size_t count;
	int seconds; /* how long it may take; 0: two minutes */
	/* Is called with each line that it writes, without the newline: it may be anything. */
	void (*show)(char *line, void *context);
	void *context;
};

/* Returns the exit status; 1 after a message if no process survives. */
int look_process_run(const struct look_process *process);

#endif
