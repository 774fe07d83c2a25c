/* SPDX-License-Identifier: Apache-2.0 */
/* head-process.h - the process that writes a head. It reads the target's ELF and DWARF, and may crash; then
 * the next one goes on without what it crashed on.
 *
 * A head is written in stages. If a process dies in one, the next process leaves out the file that was being
 * read, if the stage works with one file less; otherwise it leaves out the stage.
 */
#ifndef HUD_HEAD_HEAD_PROCESS_H
#define HUD_HEAD_HEAD_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum head_stage {
	STAGE_NONE, /* not begun */
	STAGE_BUILD_IDS,
	STAGE_WORKERS,
	STAGE_TOKIOS,
	STAGE_SYMBOLS,
	STAGE_FRAME_POINTERS,
	STAGE_TOKIO,
	STAGE_SITES,
	STAGES
};

/* How far a process is, in memory shared with its parent. */
struct head_progress {
	uint64_t touched; /* an address in the file being read; 0: none */
	enum head_stage stage;
};

/* What earlier processes died of. The texts hold paths that the target chose. */
struct head_deaths {
	char **file, **of; /* files that must not be read, and why */
	size_t files;
	char *without[STAGES]; /* why a stage is left out; NULL: it is not */
	char **all;	       /* all of them, for warnings */
	size_t count;
};

struct head_process {
	/* Writes the head without what `deaths` excludes, and calls head_stage() as it goes on. */
	void (*write)(FILE *out, const struct head_deaths *deaths, volatile struct head_progress *progress,
		      void *context);
	/* The path of the file at an address, or NULL. */
	const char *(*file_at)(uint64_t addr, void *context);
	int (*confine)(void); /* gives up the process's rights */
	void *context;
};

/* Begins a stage, in that process. */
void head_stage(volatile struct head_progress *progress, enum head_stage stage);

/* Has a head written to `out`. Returns 0; -1 with errno set if writing fails; 1 after a message if no process
 * survives. */
int head_process_run(FILE *out, const struct head_process *process);

#endif
