/* program.h - which of the mapped files is the program, where the kernel was told to run the dynamic linker (ld.so PROGRAM). */
#ifndef HUD_HEAD_PROGRAM_H
#define HUD_HEAD_PROGRAM_H

#include <sys/types.h>

struct procmaps;

/* The path of the program among the mappings; NULL if `exe`, that of /proc/PID/exe, is it. Owned by `maps`. */
const char *program_path(pid_t pid, const struct procmaps *maps, const char *exe);

#endif
