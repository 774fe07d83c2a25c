/* terminal.h - the terminal that the live view has while it is up, and gives back as it was, whatever ends it.
 *
 * There is one: that which the process is controlled by. Keys come from it and the view goes to it; standard input is the stream.
 */
#ifndef HUD_LIVE_TERMINAL_H
#define HUD_LIVE_TERMINAL_H

#include <stdbool.h>

/* Takes the terminal and clears it. What goes to standard error from now on is kept for later. Reads terminfo's file, so it
 * comes before sandbox_seal(). Returns 0; or -1, with *why set to static text: there is none, it is in other hands, or it cannot
 * place a cursor. */
int live_terminal_open(const char **why);

/* Gives it back, and prints what was kept. What is closed already stays so. */
void live_terminal_close(void);

bool live_terminal_is_open(void);

/* To wait for keys; -1 while the terminal is another's. */
int live_terminal_fd(void);

/* Has a signal asked to leave (SIGINT, SIGTERM, SIGHUP)? */
bool live_terminal_leaving(void);

/* Is the terminal this process's to write to? After Ctrl-Z it may be another's. Stops here, if that was asked for. */
bool live_terminal_ours(void);

/* Makes a terminal usable whose view was killed; its modes are for stty(1). */
void live_terminal_rescue(void);

#endif
