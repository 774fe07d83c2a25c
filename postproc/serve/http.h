/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - the HTTP side of --listen: which page is in which format. Runs in the process that has no other rights. */
#ifndef HUD_SERVE_HTTP_H
#define HUD_SERVE_HTTP_H

#include <stdbool.h>

/* The names of the formats that are asked for. */
enum { HTTP_FORMATS = 5 };
extern const char *const http_formats[HTTP_FORMATS];

/* Gets a format, an index into http_formats, from the reporting process: returns a memory file, which the caller closes; or -1. */
typedef int http_content(void *context, unsigned format);

/* Answers requests that come to `socket`, in a thread of its own, as long as this process lives. `here`: only those that name this
 * machine as their host. Returns 0, or -1 with errno set. */
int http_start(int socket, bool here, http_content *content, void *context);

#endif
