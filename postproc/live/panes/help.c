/* help.c - the keys. */
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "live/panes/panes.h"

static const char common[] =
	"\n"
	"  \033[1mTo look\033[0m\n"
	"    up down j k      select a row; also PgUp PgDn Home End, and the mouse\n"
	"    Enter            all about the selected one; Esc or q leads back\n"
	"    /                only what is called so: a function, file, task or reason\n"
	"    g                a row for each function, file, task or reason\n"
	"    s                sort by total, count, longest or name\n"
	"    + -              a longer or shorter window: what is older does not count\n"
	"    [ ]              only what takes longer, from the threshold of the trace on\n"
	"    r                count from here on\n"
	"    space            hold still; tracing goes on\n"
	"\n"
	"  \033[1mTo keep\033[0m\n"
	"    w                write the report so far to a file\n"
	"    q                end, and print the report. Ctrl-C too; twice: without it\n";

static const char playing[] = "\n"
			      "  \033[1mOf a recording\033[0m\n"
			      "    left right       10 seconds back or forward\n"
			      "    .                up to the next block, and hold\n"
			      "    { }              half or twice the speed\n";

static const char letters[] =
	"\n"
	"  \033[1mLetters\033[0m\n"
	"    C computing   F file I/O    S sleep        L lock         N name lookup\n"
	"    K socket      P child       M page fault   B block_on     Y system call\n"
	"    R waiting for a CPU, which is nobody's fault\n"
	"    In the lanes a capital letter says that the worker was blocked for half of that\n"
	"    time or more, a small one for less. An m stands beside the thread that polls\n"
	"    the main future, which is no worker.\n";

void live_help(struct live_view *v)
{
	char *text = concat(common, v->playback.playing ? playing : "", letters, NULL);

	live_pager(v, "keys", text);
	free(text);
}
