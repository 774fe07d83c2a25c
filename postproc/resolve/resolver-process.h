/* SPDX-License-Identifier: Apache-2.0 */
/* resolver-process.h - starts, asks and ends the process that answers the resolver's questions. It may hang,
 * crash, or run out of memory. */
#ifndef HUD_RESOLVE_RESOLVER_PROCESS_H
#define HUD_RESOLVE_RESOLVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct question;
struct resolver_server;

struct resolver_process {
	pid_t pid;	  /* 0: it does not run */
	unsigned seconds; /* the time limit of an answer */
	int socket;
	volatile uint64_t *touched; /* shared with it: an address in the module that it reads, or 0 */
	char *answer;		    /* the last answer: hostile */
	char *asked;
};

enum resolver_outcome { RESOLVER_ANSWERED, RESOLVER_GONE, RESOLVER_LATE };

/* Prepares to start one, with this time limit for each answer. */
void resolver_process_init(struct resolver_process *process, unsigned seconds);

/* Ends the process, if it runs, and frees everything. */
void resolver_process_destroy(struct resolver_process *process);

/* Starts a process that runs `work`; fills in its socket and `touched`. Returns false if that fails. */
bool resolver_process_start(struct resolver_process *process, const struct resolver_server *work);

/* Asks the running process. `more` (at most MORE_LIMIT bytes) belongs to the question. *size is the size of
 * the answer. */
enum resolver_outcome resolver_process_ask(struct resolver_process *process, const struct question *question,
					   const void *more, size_t more_size, size_t *size);

/* Ends the process, which has died, or is `late` with its answer. Returns what was wrong (static text). */
const char *resolver_process_end(struct resolver_process *process, bool late);

#endif
