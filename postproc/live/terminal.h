/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - takes the terminal for the live view, and restores it however the program ends.
 *
 * It is the process's controlling terminal: keys are read from it and the view is drawn on it, as standard
 * input is the stream.
 */
#ifndef HUD_LIVE_TERMINAL_H
#define HUD_LIVE_TERMINAL_H

#include <stdbool.h>

/* Takes the terminal and clears it. From now on standard error is kept for later. It reads a terminfo file,
 * so call it before sandbox_seal(). Returns 0; or -1 with *why set to static text: there is no terminal,
 * another process uses it, or it cannot place a cursor. */
int live_terminal_open(const char **why);

/* Restores the terminal and prints what was kept. Does nothing if it is closed already. */
void live_terminal_close(void);

bool live_terminal_is_open(void);

/* For waiting for keys; -1 while another process has the terminal. */
int live_terminal_fd(void);

/* Has a signal asked the program to leave (SIGINT, SIGTERM, SIGHUP)? */
bool live_terminal_leaving(void);

/* May this process write to the terminal? After Ctrl-Z another one may have it. If a stop was requested, the
 * process stops in here. */
bool live_terminal_ours(void);

/* Restores a terminal whose view was killed. Its modes are left to stty(1). */
void live_terminal_rescue(void);

#endif
