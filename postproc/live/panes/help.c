/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - the page that explains the keys. */
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "judge/reasons.h"
#include "live/panes/panes.h"

static const char common[] =
	"\n"
	"  \033[1mTo look\033[0m\n"
	"    up down j k      select a row; also PgUp PgDn Home End, and the mouse\n"
	"    Enter            details of the selected row; Esc or q goes back\n"
	"    t                where all tasks stand (with --tasks)\n"
	"    /                filter by a part of a function, file, task or reason\n"
	"    x X              hide the reason of the selected row; show all again\n"
	"    g                group by function, file, task or reason\n"
	"    s 1 2 3 4 5      sort by total, count, longest, name or delay; or click a heading\n"
	"    + -              a longer or shorter window; older blocks are not counted\n"
	"    [ ]              lower or raise the shown threshold\n"
	"    r                reset the counts\n"
	"    space            pause; tracing continues\n"
	"\n"
	"  \033[1mTo keep\033[0m\n"
	"    w                write the report so far to a file\n"
	"    c                write the selected row and its call chain to a file\n"
	"    q                end, and print the report; Ctrl-C too; twice: without it\n";

static const char playing[] = "\n"
			      "  \033[1mOf a recording\033[0m\n"
			      "    left right       10 seconds back or forward\n"
			      "    .                to the next block, and pause\n"
			      "    { }              half or twice the speed\n";

static const char lanes[] =
	"    In the lanes a capital letter says that the worker was blocked for half of that\n"
	"    time or more, a small one for less. An m stands beside the thread that polls\n"
	"    the main future, which is no worker.\n";

#define LETTERS_IN_A_LINE 4

/* The letter of each reason. The caller owns the text. */
static char *letters(void)
{
	char *text = xstrdup("\n  \033[1mLetters\033[0m\n");

	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reason_info *reason = reason_info((enum reason)i);
		bool last = i % LETTERS_IN_A_LINE == LETTERS_IN_A_LINE - 1 || i == REASON_COUNT - 1;
		char *longer = text_format("%s%s%c %-*s%s", text, i % LETTERS_IN_A_LINE ? "" : "    ",
					   reason->cue, last ? 0 : 15, reason->word, last ? "\n" : "");

		free(text);
		text = longer;
	}
	return text;
}

void live_help(struct live_view *v)
{
	char *all = letters();
	char *text = concat(common, v->playback.playing ? playing : "", all, lanes, NULL);

	live_pager(v, "keys", text);
	free(text);
	free(all);
}
