/* SPDX-License-Identifier: Apache-2.0 */
/* message-relay.h - passes messages of processes that hostile input may have taken over on to standard error, as
 * plain text.
 *
 * A process that reads what the target controls must not have the terminal: it could send control sequences,
 * and read what is typed. So its standard error is a pipe that another process reads, and its standard input
 * and output are /dev/null.
 */
#ifndef HUD_SANDBOX_MESSAGE_RELAY_H
#define HUD_SANDBOX_MESSAGE_RELAY_H

#include <stdbool.h>

/* Starts the process that passes messages on, if it does not run yet. Returns 0, or -1 with errno set. */
int messages_start(void);

/* For a process forked since messages_start(): makes the pipe its standard error, and /dev/null its standard
 * input and output, except for those that it keeps. Without messages_start(), 0 and 1 become copies of 2. */
void messages_redirect(bool keep_input, bool keep_output, bool keep_errors);

/* Waits until all messages have been passed on. Only for the process that started this, when all others have
 * ended; waits at most five seconds for one that hangs in the kernel. */
void messages_end(void);

#endif
