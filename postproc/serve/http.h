/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - the HTTP side of --listen: which page is in which format. Runs in the process that has no other rights. */
#ifndef HUD_SERVE_HTTP_H
#define HUD_SERVE_HTTP_H

#include <stdbool.h>

/* Gets the bytes of format `format` (its number among serve/listen.c's) from the reporting process: returns a memory file, which the
 * caller closes; or -1. */
typedef int http_content(void *context, unsigned format);

/* The names of these formats. */
enum { HTTP_FORMATS = 5 };
extern const char *const http_formats[HTTP_FORMATS];

/* Answers requests that come to `socket`, in a thread of its own, as long as this process lives. `here`: only those that name this
 * machine as their host. Returns 0, or -1 with errno set. */
int http_start(int socket, bool here, http_content *content, void *context);

#endif
