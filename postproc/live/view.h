/* view.h - the live view: what is looked at, and its parts, one file each. Only view.c puts them together. */
#ifndef HUD_LIVE_VIEW_H
#define HUD_LIVE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chart/chart.h"
#include "live/window.h"
#include "replay/replay.h"

#define LIVE_LEAST_COLUMNS 60
#define LIVE_LEAST_ROWS 14
#define LIVE_FILTER 64 /* bytes */

enum live_page { LIVE_LIST, LIVE_DETAIL, LIVE_HELP };

/* Of what is played. */
struct live_playback {
	bool playing; /* a recording is */
	double speed;
	bool ended;    /* all of it has come */
	bool stepping; /* up to the next block */
	int64_t seek;  /* ns to go, forward or back; 0: none */
};

struct live_view {
	/* What it shows; set for each run of a replay. */
	struct replay *replay;
	const struct model *model;
	struct live_window *window;

	/* What the user has chosen. */
	struct live_query query; /* .filter is `filter` */
	char filter[LIVE_FILTER];
	bool typing; /* the filter */
	bool paused;
	enum live_page page, before_help;
	struct blocker selected; /* only what tells it from others; its texts are copies */
	bool has_selected;
	size_t scroll;	  /* of the table: the first row shown */
	size_t lines_off; /* of a page of text */
	struct live_playback playback;
	bool leave;
	char *message; /* in the last line, until `message_until` */
	uint64_t message_until;

	/* The last sum, for keys to find their way in. */
	struct live_sum sum;
	size_t at;	   /* the selected row */
	size_t table_rows; /* that are shown */
	int table_top;	   /* where */
	size_t text_lines, text_shown;

	/* Clocks, ns. */
	uint64_t wall;	      /* CLOCK_MONOTONIC here, at the last tick */
	uint64_t newest;      /* the latest time in the stream */
	uint64_t newest_wall; /* when that came */
	uint64_t position;    /* the target's clock */
	uint64_t drawn_wall;
	bool changed; /* since it was drawn */
	uint64_t drawn_blocks;
	uint64_t drawn_cell; /* what moves by itself stood there */

	/* How fast events come. */
	uint64_t rate_wall, rate_events, rate_lost;
	double events_per_s, lost_per_s;

	/* Sums over the run, since the last reset. */
	struct live_run run;

	/* For what is written to files. */
	bool utf8;
	struct chart *chart;   /* that draws; NULL: none */
	const char *recording; /* where the events are kept; NULL: nowhere */
	unsigned written;      /* the last number */
};

/* Gets ready, after the terminal is open. `threshold`: ns, 0: the stream's. */
void live_view_start(struct live_view *view, bool colour, bool utf8, uint64_t span);
void live_view_end(struct live_view *view);

/* A replay begins, from the start of the stream. */
void live_view_attach(struct live_view *view, struct replay *replay, const struct model *model);
/* It has ended; nothing of it is looked at any more. */
void live_view_detach(struct live_view *view);

/* Takes keys, moves the clock, and draws if it is time to and something has changed. Returns in how many ms it wants to be called
 * again, unless a key comes. */
int live_view_tick(struct live_view *view);

/* A message for the last line. Raw. */
void live_view_say(struct live_view *view, const char *text);

/* --- the parts; rows and columns are of the screen --- */

/* A worker that is shown, and the poll that it is in if that lasts: since when, 0: none; and in what. */
struct live_worker {
	struct worker w;
	uint64_t running;
	enum reason reason;
	const struct verdict *stack; /* NULL: not known, nor is the reason */
};

/* They, by tid. */
struct live_workers {
	struct live_worker *worker;
	size_t count;
	uint64_t time;	   /* they were watched, within the span, ns */
	uint64_t run_time; /* and since the last reset */
};

void live_header(const struct live_view *view, const struct live_workers *workers);
void live_footer(const struct live_view *view);
void live_table(struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_lanes(const struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_blocks(const struct live_view *view, const struct live_workers *workers, int top, int rows);

/* A page of text that scrolls: `text` is escaped, its lines fit, and of escape sequences it has those of base/text-layout.c. */
void live_pager(struct live_view *view, const char *title, const char *text);
void live_detail(struct live_view *view, const struct live_workers *workers);
void live_help(struct live_view *view);

/* The row that is selected, NULL if there is none. */
const struct live_row *live_selected(const struct live_view *view);
void live_select(struct live_view *view, size_t row);

/* One key of ncurses'. */
void live_key(struct live_view *view, int key);

/* Names the files that may be written, before sandbox_begin(); and one that ends as the chart does. */
void live_offer_files(void);
const char *live_picture(void);

/* Writes what there is so far to files, as who called, in the working directory. None is replaced. */
void live_write(struct live_view *view);

#endif
