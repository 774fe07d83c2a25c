/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - a child process of the monitor, which watches one thing and only has the rights for that. */
#ifndef HUD_MONITOR_CHILD_H
#define HUD_MONITOR_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#define CHILD_STARTS 9 /* how often it is started in all, if it is killed */

struct child {
	const char *name; /* of the process, at most 15 bytes */
	/* Gives up its rights and does its work. Returns its exit status. */
	int (*run)(const void *context);
	const void *context;
	int kept;	 /* a descriptor from 3 up that stays open in it */
	int output;	 /* its standard output; -1: /dev/null */
	pid_t pid;	 /* 0: it does not run */
	unsigned starts; /* how often it was started */
};

/* Starts it. It ends with this process. Signals that a terminal sends must be ignored here. Returns false
 * after a message if that fails. */
bool child_start(struct child *child);

/* Kills it if it runs, and waits for its end as offspring_end() does. */
void child_end(struct child *child);

#endif
