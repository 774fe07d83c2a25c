/* child.h - a process of the monitor's, which looks at one thing and has the rights for that alone. */
#ifndef HUD_MONITOR_CHILD_H
#define HUD_MONITOR_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#define CHILD_STARTS 9 /* so often it is started in all, if it is killed */

struct child {
	const char *name; /* of the process, at most 15 bytes */
	/* What it does, having given up its rights. Returns its exit status. */
	int (*run)(const void *context);
	const void *context;
	int kept;	 /* a descriptor that stays open there from 3 up */
	int output;	 /* its standard output; -1: /dev/null */
	pid_t pid;	 /* 0: it does not run */
	unsigned starts; /* so often it was started */
};

/* Starts it. It ends with this process, whose signals that a terminal sends must be ignored. Returns false after a message if that is impossible. */
bool child_start(struct child *child);

/* Kills it if it runs, and waits for its end as offspring_end() does. */
void child_end(struct child *child);

#endif
