/* state.h - what the live view shows, and what the user has chosen: all parts of it read this, keys change it. */
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
	uint64_t threshold; /* ns, at least that of the trace; 0: that */
	bool typing;	    /* the filter */
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
	struct chart *chart;		  /* that draws; NULL: none */
	const char *recording;		  /* where the events are kept; NULL: nowhere */
	unsigned written, written_chains; /* the last number of each */
};

/* A message for the last line. Raw. */
void live_say(struct live_view *view, const char *text);

/* The row that is selected, NULL if there is none. */
const struct live_row *live_selected(const struct live_view *view);
void live_select(struct live_view *view, size_t row);
void live_unselect(struct live_view *view);

/* Rows change places; what was selected stays so, by what it is. */
void live_find_selected(struct live_view *view);

#endif
