/* SPDX-License-Identifier: Apache-2.0 */
/* reopen.h - a file that was judged before it is opened: to open a device or a pipe may have an effect already. */
#ifndef HUD_SANDBOX_REOPEN_H
#define HUD_SANDBOX_REOPEN_H

/* Opens the very file that the descriptor `place` (O_PATH) stands for, whatever has its name by now. Close-on-exec; no terminal becomes the
 * process's. Returns a descriptor for the caller to close, or -1 with errno set. */
int reopen(int place, int flags);

/* Opens the file `path` for reading if it is a regular one of at most `most` bytes; a FIFO or a device is not even touched. Returns a
 * descriptor for the caller to close, or -1 with errno set (EINVAL: it is something else). */
int reopen_regular(const char *path, long most);

#endif
