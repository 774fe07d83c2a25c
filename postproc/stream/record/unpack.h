/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - reads a stream that is plain, gzip or zstd, as its first bytes tell. */
#ifndef HUD_STREAM_RECORD_UNPACK_H
#define HUD_STREAM_RECORD_UNPACK_H

#include <stdio.h>

/* Opens `path` for reading; "-" is standard input, which stays open. Returns NULL with errno set.
 *
 * Truncated data ends without an error. At corrupt data reading fails with EBADMSG, after returning
 * everything before it. Memory is bounded: 128 MiB for a zstd window (EFBIG beyond), otherwise some 100 KiB.
 */
FILE *unpack_open(const char *path);

/* The same from the current position of `fd`, which is closed with the file. */
FILE *unpack_fd(int fd);

#endif
