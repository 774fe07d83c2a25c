/* head-process.h - the process that writes a head. It reads the target's ELF and DWARF, and may die of them; then another one writes
 * what there is without.
 *
 * A head is written in stages. What a worker dies of in one is left out by the next worker: the file that it was reading, where a
 * stage can do with one file less, else the stage.
 */
#ifndef HUD_HEAD_HEAD_PROCESS_H
#define HUD_HEAD_HEAD_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum head_stage {
	STAGE_NONE, /* has not begun */
	STAGE_BUILD_IDS,
	STAGE_WORKERS,
	STAGE_TOKIOS,
	STAGE_SYMBOLS,
	STAGE_FRAME_POINTERS,
	STAGE_TOKIO,
	STAGE_SITES,
	STAGES
};

/* Where a worker is: in memory that it shares with who started it. */
struct head_progress {
	uint64_t touched; /* an address in the file that is being read; 0: none */
	enum head_stage stage;
};

/* What earlier workers died of. All texts are bytes of paths, which the target chose, in words of ours. */
struct head_deaths {
	char **file, **of; /* files that are not to be read, and why */
	size_t files;
	char *without[STAGES]; /* why a stage is left out; NULL: it is not */
	char **all;	       /* each, to be said */
	size_t count;
};

struct head_process {
	/* Writes the head without what is in `deaths`, and says by head_stage() where it is. */
	void (*write)(FILE *out, const struct head_deaths *deaths, volatile struct head_progress *progress,
		      void *context);
	/* The path of the file at an address, or NULL. */
	const char *(*file_at)(uint64_t addr, void *context);
	int (*confine)(void); /* what gives up the worker's rights */
	void *context;
};

/* A stage begins, in the worker. */
void head_stage(volatile struct head_progress *progress, enum head_stage stage);

/* Writes a head to `out`. Returns 0; -1 with errno set if writing fails; 1 after a message if no worker lives long enough. */
int head_process_run(FILE *out, const struct head_process *process);

#endif
