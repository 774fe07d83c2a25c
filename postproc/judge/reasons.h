/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.h - the name of each reason for blocking, its colour, and advice. */
#ifndef HUD_JUDGE_REASONS_H
#define HUD_JUDGE_REASONS_H

#include "judge/judge.h"

/* A row of the table. All strings are static. */
struct reason_info {
	const char *word;   /* as in the report: "file I/O" */
	const char *id;	    /* as in exports: stable, lower case, no blanks: "file-io" */
	char cue;	    /* a different ASCII letter for each: tells them apart without colour */
	unsigned colour;    /* 0xRRGGBB, from palettes made for colour-blind readers */
	const char *advice; /* one line */
};

/* The row for `reason`; an out-of-range value gets REASON_SYSCALL's. Never NULL. */
const struct reason_info *reason_info(enum reason reason);

/* Describes a peer that is no thread (thread 0) but has this name. Static text. */
const char *reason_nobody(enum reason reason, const char *name);

#endif
