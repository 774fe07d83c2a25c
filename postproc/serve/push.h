/* SPDX-License-Identifier: Apache-2.0 */
/* push.h - --push: sends profiles to a server by HTTP, from a process of its own: the trace never waits for it. */
#ifndef HUD_SERVE_PUSH_H
#define HUD_SERVE_PUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "tally/model.h"

#define PUSH_LABELS 16

/* What a profile is said to be of. */
struct push_label {
	char *key, *value;
};

struct push_options {
	const char *url;
	/* A file whose first line is the value of the Authorization header, or a token; NULL: $HUD_TRACE_PUSH_AUTH, if any. */
	const char *auth;
	struct push_label label[PUSH_LABELS];
	size_t labels;
};

struct pusher;

/* Adds KEY=VALUE to the labels. Returns NULL, or what is wrong (static). */
const char *push_add_label(struct push_options *options, const char *text);

/* Is the URL one that can be pushed to, and can the file be read? Returns NULL, or what is wrong (valid until the next call). */
const char *push_check(const struct push_options *options);

/* Starts the process, before sandbox_begin() and before others that must not have the secret. Returns NULL after a message of subcommand `command`. */
struct pusher *push_new(const char *command, const struct push_options *options);

/* Hands over the profile of a model with shares, unless that has none. What cannot be sent is counted. */
void push_model(struct pusher *pusher, const struct model *model);

/* Waits a while until all is sent, and says what was lost; before sandbox_end(). NULL is ignored. */
void push_free(struct pusher *pusher);

#endif
