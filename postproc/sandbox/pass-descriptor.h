/* SPDX-License-Identifier: Apache-2.0 */
/* pass-descriptor.h - messages with an open file, between processes (unix(7), SCM_RIGHTS). */
#ifndef HUD_SANDBOX_PASS_DESCRIPTOR_H
#define HUD_SANDBOX_PASS_DESCRIPTOR_H

#include <stddef.h>
#include <sys/types.h>

/* Sends a message, with `fd` unless that is -1. `flags`: of sendmsg(2). Returns 0, or -1 with errno set. */
int send_with_descriptor(int socket, const void *bytes, size_t size, int fd, int flags);

/* Receives a message. *fd is the file that came with it, close-on-exec, for the caller to close; or -1. Returns as recvmsg(2). */
ssize_t receive_with_descriptor(int socket, void *bytes, size_t size, int *fd, int flags);

#endif
