/* offspring.h - processes that this one starts end with it, and it does not wait for one that cannot end. */
#ifndef HUD_SANDBOX_OFFSPRING_H
#define HUD_SANDBOX_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* From now on this process gets `signal` when the thread of `parent` ends that has forked it. Returns 0, or -1 if that has ended already: then
 * no signal comes. Giving up rights keeps it (confine.h). */
int offspring_bind(pid_t parent, int signal);

/* Closes all descriptors from 3 up but the `count` of `kept`; negative ones are none. */
void offspring_keep(const int *kept, size_t count);

/* Waits for the end of child `pid`: for `ms`, and when it was killed then, for a second more. One that hangs in the kernel ends when that lets
 * go of it, and is init's by then. Returns whether it has ended, with *status as of wait(2), if that is not NULL. */
bool offspring_end(pid_t pid, unsigned ms, int *status);

#endif
