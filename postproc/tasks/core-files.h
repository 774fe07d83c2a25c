/* SPDX-License-Identifier: Apache-2.0 */
/* core-files.h - which build of a file a process had mapped, by its core dump. */
#ifndef HUD_TASKS_CORE_FILES_H
#define HUD_TASKS_CORE_FILES_H

struct memory;

/* The build id of the file mapped as `path`, in lower-case hex, from the first page of it in the dump; "" if that
 * is not there. The caller frees it. */
char *core_build_id(struct memory *memory, const char *path);

#endif
