/* procread.h - reads what a live process is doing, with this process's own rights.
 *
 * All but the stopping may take as long as that process likes: its memory and its files may be somebody's to fill.
 */
#ifndef HUD_TARGET_PROCREAD_H
#define HUD_TARGET_PROCREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/inspector.h"

/* As inspector_threads(), inspector_memory(), inspector_thread() and inspector_exe(). */
size_t procread_threads(pid_t pid, struct inspector_thread **threads);
size_t procread_memory(pid_t pid, uint64_t addr, void *to, size_t size);
bool procread_thread(pid_t tid, struct snapshot *s);
char *procread_exe(pid_t pid);

/* As inspector_root(), but NULL if it cannot be told. */
char *procread_root(pid_t pid);

/* What /proc/PID/maps holds, else /proc/PID/cmdline, of which the beginning, for the caller to free; NULL with errno set. */
char *procread_file(pid_t pid, bool maps, size_t *size);

#endif
