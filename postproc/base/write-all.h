/* SPDX-License-Identifier: Apache-2.0 */
/* write-all.h - write(2) until all is written. */
#ifndef HUD_BASE_WRITE_ALL_H
#define HUD_BASE_WRITE_ALL_H

#include <stddef.h>

/* Returns 0, or -1 with errno set. */
int write_all(int fd, const void *bytes, size_t size);

#endif
