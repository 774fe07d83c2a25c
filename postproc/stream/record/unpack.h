/* unpack.h - a stream as it was before it was compressed: plain, gzip or zstd, as its first bytes tell. */
#ifndef HUD_STREAM_RECORD_UNPACK_H
#define HUD_STREAM_RECORD_UNPACK_H

#include <stdio.h>

/* Opens `path` for reading; "-" is standard input, which stays open. Returns NULL with errno set.
 *
 * What was cut off ends where its data ends, without an error. Reading fails with EBADMSG where compressed data is corrupt,
 * after all that came before. Memory is bounded whatever the data says: 128 MiB for a zstd window (EFBIG beyond), else some
 * 100 KiB. */
FILE *unpack_open(const char *path);

/* The same, from where `fd` stands. It is closed with the file. */
FILE *unpack_fd(int fd);

#endif
