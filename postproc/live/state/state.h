/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what the live view shows, and what the user has chosen. All parts of the view read it; keys
 * change it. */
#ifndef HUD_LIVE_STATE_STATE_H
#define HUD_LIVE_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/state/window.h"
#include "replay/replay.h"

struct chart;

#define LIVE_LEAST_COLUMNS 60
#define LIVE_LEAST_ROWS 14
#define LIVE_FILTER 64 /* bytes */

enum live_page { LIVE_LIST, LIVE_DETAIL, LIVE_TASKS, LIVE_HELP };

/* The state of playback. */
struct live_playback {
	bool playing; /* a recording is played */
	double speed;
	bool ended;    /* the end was reached */
	bool stepping; /* plays up to the next block */
	int64_t seek;  /* ns still to skip, forward or back; 0: none */
};

struct live_view {
	/* The input; set anew for each replay. */
	struct replay *replay;
	const struct model *model;
	struct live_window *window;

	/* What the user has chosen. */
	struct live_query query; /* .filter is `filter` */
	char filter[LIVE_FILTER];
	uint64_t threshold; /* ns; 0: the trace's own; never below that */
	bool typing;	    /* the user is typing the filter */
	bool paused;
	enum live_page page, before_help;
	/* Identifies the selected row; has copies of the texts that tell it from others, and no more. */
	struct blocker selected;
	bool has_selected;
	size_t scroll;	  /* the first row of the table that is shown */
	size_t lines_off; /* the first line of a page of text that is shown */
	struct live_playback playback;
	bool leave;
	char *message; /* shown in the last line until `message_until` */
	uint64_t message_until;

	/* The last sum and its rows on the screen, for the keys. */
	struct live_sum sum;
	size_t at;	   /* the selected row */
	size_t table_rows; /* how many rows are shown */
	int table_top;	   /* the screen row of the first */
	size_t text_lines, text_shown;

	/* Clocks, ns. */
	uint64_t wall;	      /* CLOCK_MONOTONIC here, at the last tick */
	uint64_t newest;      /* the latest time in the stream */
	uint64_t newest_wall; /* when that line came, by `wall`'s clock */
	uint64_t position;    /* of playback, by the target's clock */
	uint64_t drawn_wall;
	bool changed; /* since the last redraw */
	uint64_t drawn_blocks;
	uint64_t drawn_cell; /* the value of moving() at the last redraw */

	/* The rate of events. */
	uint64_t rate_wall, rate_events, rate_lost;
	double events_per_s, lost_per_s;

	/* Sums over the run since the last reset. */
	struct live_run run;

	/* For writing files. */
	bool utf8;
	struct chart *chart;		  /* draws the chart; NULL: no chart */
	const char *recording;		  /* where the events are recorded; NULL: they are not */
	unsigned written, written_chains; /* the last file numbers used */
};

/* Shows a message in the last line. `text` is raw. */
void live_say(struct live_view *view, const char *text);

/* The selected row, or NULL. */
const struct live_row *live_selected(const struct live_view *view);
void live_select(struct live_view *view, size_t row);
void live_unselect(struct live_view *view);

/* Finds the selected blocker again after the rows have been sorted anew. */
void live_find_selected(struct live_view *view);

#endif
