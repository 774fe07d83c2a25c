/* sandbox.h - the processes of a subcommand, and what each may do: hud-trace(8), SECURITY.
 *
 * sandbox_begin(), then what still takes a right (binary_prepare()), sandbox_seal(), then whatever the target controls is read.
 */
#ifndef HUD_SANDBOX_SANDBOX_H
#define HUD_SANDBOX_SANDBOX_H

#include <stdbool.h>

/* From now on this process, and what it forks, is killed before others when memory ends: it reads what the target controls, and the
 * largest is what does. */
void sandbox_yield_memory(void);

/* Starts the helpers: for files of the process `pid` (0: none) and ELF files on this machine, for files that userfiles_name() was
 * told, and for debuginfod if wanted. Then gives up root: becomes the calling user, or nobody. Returns 0, or -1 after a message. */
int sandbox_begin(long pid, bool debuginfod);

/* From now on nothing can be opened or executed here. Returns 0, or -1 after a message. */
int sandbox_seal(void);

/* Ends the helpers, and waits until all that was said has been passed on: what else was started by helper_start() has to be ended before. */
void sandbox_end(void);

/* What makes a process forked from this one a resolver: replay_options.confine. */
int sandbox_resolver(void);

#endif
