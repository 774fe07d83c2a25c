/* reasons.h - what every reason for blocking is called, how it is drawn and what to do about it. */
#ifndef HUD_JUDGE_REASONS_H
#define HUD_JUDGE_REASONS_H

#include "judge/judge.h"

/* One row of the table. All strings are static. */
struct reason_info {
	const char *word;   /* as the report shows it: "file I/O" */
	const char *id;	    /* as exports name it: stable, lower case, no blanks: "file-io" */
	char cue;	    /* one ASCII letter, different for each: what tells them apart without colour */
	unsigned colour;    /* 0xRRGGBB, from palettes made for colour-blind readers */
	const char *advice; /* one line: what to do about it */
};

/* The row for `reason`; for a number that is none, that of REASON_SYSCALL. Never NULL. */
const struct reason_info *reason_info(enum reason reason);

/* What is said of a party that is no thread (thread 0), but has this name. Static text. */
const char *reason_nobody(enum reason reason, const char *name);

#endif
