/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - --listen: a process that answers HTTP requests with what this process writes for it. */
#ifndef HUD_SERVE_LISTEN_H
#define HUD_SERVE_LISTEN_H

#include <stdbool.h>

struct format;
struct listener;

/* Could one listen at `address` (serve/address.h)? Returns NULL, or why not (valid until the next call). */
const char *listen_check(const char *address);

/* Binds the socket and starts the process, before sandbox_begin(). Returns NULL after a message of subcommand `command`. */
struct listener *listen_new(const char *command, const char *address);

/* Ends both; before sandbox_end(). NULL is ignored. */
void listen_free(struct listener *listener);

/* A descriptor that can be read when an answer is asked for. */
int listen_descriptor(const struct listener *listener);

/* Which format is asked for; NULL: none is, after all. */
const struct format *listen_asked(struct listener *listener);

/* Answers that with what `fd`, a memory file, holds; -1: there is nothing yet. Closes it. */
void listen_answer(struct listener *listener, int fd);

#endif
