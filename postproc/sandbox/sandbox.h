/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the processes of a subcommand, and what each may do: hud-trace(8), SECURITY.
 *
 * The order: sandbox_begin(); what still needs rights (binary_prepare()); sandbox_seal(); only then read what
 * the target controls.
 */
#ifndef HUD_SANDBOX_SANDBOX_H
#define HUD_SANDBOX_SANDBOX_H

#include <stdbool.h>

/* Makes the kernel kill this process, and those it forks, before others when memory runs out: it reads what
 * the target controls. */
void sandbox_yield_memory(void);

/* Starts the helpers: for files of the process `pid` (0: none) and ELF files on this machine, for the files
 * that userfiles_name() named, and for debuginfod if wanted. Then gives up root: becomes the calling user, or
 * nobody. Returns 0, or -1 after a message. */
int sandbox_begin(long pid, bool debuginfod);

/* From now on this process can open and execute nothing. Returns 0, or -1 after a message. */
int sandbox_seal(void);

/* Ends the helpers, and waits until all messages are passed on. First end other helpers that were started by
 * helper_start(). */
void sandbox_end(void);

/* Confines a process forked from this one to a resolver's rights: for replay_options.confine. */
int sandbox_resolver(void);

#endif
