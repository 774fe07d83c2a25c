/* resolver-process.h - the process that answers the resolver's questions: it may hang, crash, or take too much memory. */
#ifndef HUD_RESOLVE_RESOLVER_PROCESS_H
#define HUD_RESOLVE_RESOLVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct question;
struct resolver_server;

struct resolver_process {
	pid_t pid;	  /* 0: none */
	unsigned seconds; /* that an answer may take */
	int socket;
	volatile uint64_t *touched; /* shared with it: an address in the module that it reads, else 0 */
	char *answer;		    /* what it has answered: not to be trusted */
	char *asked;
};

enum resolver_outcome { RESOLVER_ANSWERED, RESOLVER_GONE, RESOLVER_LATE };

/* Makes ready to start one, which may take that many seconds for each answer. */
void resolver_process_init(struct resolver_process *process, unsigned seconds);

/* Ends the process, if there is one, and frees what belongs to it. */
void resolver_process_destroy(struct resolver_process *process);

/* Starts a process that does `work`, whose socket and `touched` are set here. Returns false if there cannot be one. */
bool resolver_process_start(struct resolver_process *process, const struct resolver_server *work);

/* Asks the process that is there. `more`, of MORE_LIMIT bytes at most, belongs to the question. *size is that of the answer. */
enum resolver_outcome resolver_process_ask(struct resolver_process *process, const struct question *question,
					   const void *more, size_t more_size, size_t *size);

/* Ends the process, which is gone already or, `late`, has not answered in time. Returns what was wrong with it (static text). */
const char *resolver_process_end(struct resolver_process *process, bool late);

#endif
