/* SPDX-License-Identifier: Apache-2.0 */
/* push-http.h - the process that sends profiles: a bounded queue, retries that wait longer and longer. */
#ifndef HUD_SERVE_PUSH_HTTP_H
#define HUD_SERVE_PUSH_HTTP_H

#include <stdint.h>

enum push_protocol { PUSH_PYROSCOPE, PUSH_OTLP };

#define PUSH_NAME 1024

/* A profile, with its bytes in a memory file: what the reporting process writes to the socket. */
struct push_job {
	uint64_t from, until; /* Unix time, s */
	char name[PUSH_NAME]; /* Pyroscope's: SERVICE{KEY=VALUE,...} */
};

/* By its path, which says the protocol. Returns NULL, or what is wrong with the URL (static). */
const char *push_protocol_of(const char *url, enum push_protocol *protocol);

/* Sends what comes from `socket` until that is closed, and for a while longer what is left. `authorization` may be NULL. */
void push_http_run(int socket, const char *url, const char *authorization);

#endif
