/* debuginfod.h - whether debug info may be fetched from servers (debuginfod), and how long they may take. */
#ifndef HUD_SANDBOX_DEBUGINFOD_H
#define HUD_SANDBOX_DEBUGINFOD_H

#include <stdbool.h>

/* For the options of subcommand `command`: true if DEBUGINFOD_URLS names a server; otherwise says what to do, and ends the
 * program with status 2. */
bool debuginfod_wanted(const char *command);

/* Sets the environment that libdebuginfod goes by: without `on` it asks nobody; with it, within limits, unless the user has
 * set others. */
void debuginfod_set(bool on);

/* From now on a process of the user's asks, which may use the network and the user's cache. Returns 0, or -1 after a message. */
int debuginfod_start(void);

/* The descriptor that a process forked from this one must keep to ask; -1 if there is no such process. */
int debuginfod_descriptor(void);

/* Lets it end. */
void debuginfod_end(void);

/* Asks the servers for the executable or library with this build id (hex), or for its debug info. Return a descriptor for the caller
 * to close, or -1. What comes is not checked. */
int debuginfod_executable(const char *build_id);
int debuginfod_debuginfo(const char *build_id);

#endif
