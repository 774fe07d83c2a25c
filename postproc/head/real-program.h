/* SPDX-License-Identifier: Apache-2.0 */
/* real-program.h - finds the program among the mapped files if the kernel was told to run the dynamic linker
 * (ld.so PROGRAM). */
#ifndef HUD_HEAD_REAL_PROGRAM_H
#define HUD_HEAD_REAL_PROGRAM_H

#include <sys/types.h>

struct procmaps;

/* The path of the program among the mappings; NULL if it is `exe`, the file of /proc/PID/exe. Owned by
 * `maps`. */
const char *program_path(pid_t pid, const struct procmaps *maps, const char *exe);

#endif
