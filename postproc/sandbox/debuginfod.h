/* SPDX-License-Identifier: Apache-2.0 */
/* debuginfod.h - fetches debug info from servers (debuginfod), within limits of time. */
#ifndef HUD_SANDBOX_DEBUGINFOD_H
#define HUD_SANDBOX_DEBUGINFOD_H

#include <stdbool.h>

/* For subcommand `command`'s option: true if DEBUGINFOD_URLS names a server. Otherwise prints what to do, and
 * exits with status 2. */
bool debuginfod_wanted(const char *command);

/* Sets the environment for libdebuginfod: without `on`, no server; with it, time limits, unless the user has
 * set some. */
void debuginfod_set(bool on);

/* Starts a process that asks the servers as the user, with network access and the user's cache. Returns 0, or
 * -1 after a message. */
int debuginfod_start(void);

/* The descriptor to ask through, which a forked process must keep open; -1 if that process does not run. */
int debuginfod_descriptor(void);

/* Ends that process. */
void debuginfod_end(void);

/* Asks the servers for the executable or library with this build id (hex), or for its debug info. Return a
 * descriptor that the caller closes, or -1. The content is not checked. */
int debuginfod_executable(const char *build_id);
int debuginfod_debuginfo(const char *build_id);

#endif
