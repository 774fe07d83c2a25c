/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - what each key of the live view does. Keys mean what they mean in less, htop and mpv, where these
 * have them. */
#include <ctype.h>
#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "live/keys.h"
#include "live/panes/panes.h"
#include "live/save.h"

#define SEEK 10000000000 /* ns */

static void move_rows(struct live_view *v, long by)
{
	long last = (long)v->sum.rows - 1, at = v->has_selected && v->at <= (size_t)last ? (long)v->at : -1;

	if (last < 0)
		return;
	at = at < 0 ? (by > 0 ? 0 : last) : at + by;
	live_select(v, (size_t)(at < 0 ? 0 : at > last ? last : at));
}

static void move_lines(struct live_view *v, long by)
{
	long most = v->text_lines > v->text_shown ? (long)(v->text_lines - v->text_shown) : 0;
	long to = (long)v->lines_off + by;

	v->lines_off = (size_t)(to < 0 ? 0 : to > most ? most : to);
}

static void go(struct live_view *v, long by)
{
	if (v->page == LIVE_LIST)
		move_rows(v, by);
	else
		move_lines(v, by);
}

/* The window sizes that + and - step through. */
static void change_span(struct live_view *v, int by)
{
	static const unsigned seconds[] = {1, 2, 5, 10, 30, 60, 120, 300, 600, 900};
	size_t last = ARRAY_SIZE(seconds) - 1, i = 0;

	while (i < last && seconds[i] * 1000000000ull < v->query.span)
		i++;
	if (by > 0 && i < last && seconds[i] * 1000000000ull == v->query.span)
		i++;
	if (by < 0 && i > 0)
		i--;
	v->query.span = seconds[i] * 1000000000ull;
}

/* 1, 2, 5, 10, ... times the probes' threshold: the trace holds nothing shorter. */
static void change_threshold(struct live_view *v, int by)
{
	static const unsigned factor[] = {1, 2, 4, 10, 20, 40, 100, 200, 400, 1000};
	uint64_t least = v->model->target.threshold;
	size_t last = ARRAY_SIZE(factor) - 1, i = 0;
	char text[UNIT_SIZE];

	while (i < last && factor[i] * least < v->query.threshold)
		i++;
	if (by < 0 && i == 0) {
		live_say(v, "what is shorter was not traced (--threshold)");
		return;
	}
	i = by < 0 ? i - 1 : i < last ? i + 1 : i;
	v->query.threshold = v->threshold = factor[i] * least;
	char *said = text_format("what takes %s or longer", unit_setting(text, v->query.threshold));

	live_say(v, said);
	free(said);
}

/* The next grouping that tells blockers apart. */
static void change_group(struct live_view *v)
{
	struct live_query query = v->query;
	struct live_sum sum = {0};

	if (!v->window)
		return;
	do {
		query.group = (query.group + 1) % LIVE_GROUPS;
		live_window_sum(v->window, &query, &sum);
	} while (query.group != v->query.group && sum.rows < 2);
	if (query.group == v->query.group) {
		live_say(v, "in every other grouping there is one row");
	} else {
		v->has_selected = false;
		v->scroll = 0;
	}
	v->query.group = query.group;
	v->sum = sum;
}

/* Hides the blockers that have the selected row's reason. */
static void hide(struct live_view *v)
{
	const struct live_row *row = v->page == LIVE_LIST ? live_selected(v) : NULL;

	if (!row) {
		live_say(v, "select a row: x hides its reason, X shows all again");
		return;
	}
	char *said = text_format("%s is hidden; X shows it again", reason_info(row->of->reason)->word);

	v->query.hidden |= 1u << row->of->reason;
	v->has_selected = false;
	v->scroll = 0;
	live_say(v, said);
	free(said);
}

static void reset(struct live_view *v)
{
	v->query.since = v->query.now;
	v->run = (struct live_run){0};
	live_say(v, "counted from here on");
}

/* The keys that control playback of a recording. */
static bool play_key(struct live_view *v, int key)
{
	struct live_playback *p = &v->playback;

	if (!p->playing)
		return false;
	switch (key) {
	case KEY_RIGHT:
		p->seek += SEEK;
		return true;
	case KEY_LEFT:
		p->seek -= SEEK;
		return true;
	case '.':
		v->paused = true;
		p->stepping = true;
		return true;
	case '}':
		p->speed = p->speed < 64 ? p->speed * 2 : p->speed;
		return true;
	case '{':
		p->speed = p->speed > 0.1 ? p->speed / 2 : p->speed;
		return true;
	default:
		return false;
	}
}

/* A key typed into the filter. */
static void type(struct live_view *v, int key)
{
	size_t length = strlen(v->filter);

	if (key == 27) {
		v->typing = false;
		v->filter[0] = '\0';
	} else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		v->typing = false;
	} else if (key == KEY_BACKSPACE || key == 127 || key == 8) {
		/* A character may have several bytes: remove them all. */
		while (length && ((unsigned char)v->filter[length - 1] & 0xc0) == 0x80)
			length--;
		v->filter[length ? length - 1 : 0] = '\0';
	} else if (key == ('u' & 31)) {
		v->filter[0] = '\0';
	} else if (key == KEY_UP || key == KEY_DOWN) {
		move_rows(v, key == KEY_UP ? -1 : 1);
	} else if (key >= ' ' && key < 256 && length + 1 < LIVE_FILTER) {
		v->filter[length] = (char)key;
		v->filter[length + 1] = '\0';
	}
	v->scroll = 0;
}

static void on_mouse(struct live_view *v)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	if (event.bstate & BUTTON4_PRESSED)
		go(v, v->page == LIVE_LIST ? -1 : -3);
	else if (event.bstate & BUTTON5_PRESSED)
		go(v, v->page == LIVE_LIST ? 1 : 3);
	else if (v->page == LIVE_LIST && event.y == v->table_top - 1)
		live_table_sort(v, event.x);
	else if (v->page == LIVE_LIST && event.y >= v->table_top &&
		 event.y < v->table_top + (int)v->table_rows) {
		size_t row = v->scroll + (size_t)(event.y - v->table_top);

		if (v->has_selected && row == v->at) {
			v->page = LIVE_DETAIL;
			v->lines_off = 0;
		} else {
			live_select(v, row);
		}
	}
}

static void enter(struct live_view *v)
{
	if (v->page != LIVE_LIST)
		return;
	if (!live_selected(v))
		live_select(v, 0);
	if (!live_selected(v))
		return;
	v->page = LIVE_DETAIL;
	v->lines_off = 0;
}

static void back(struct live_view *v)
{
	if (v->page == LIVE_HELP)
		v->page = v->before_help;
	else if (v->page == LIVE_DETAIL || v->page == LIVE_TASKS)
		v->page = LIVE_LIST;
	else
		v->filter[0] = '\0';
	v->lines_off = 0;
}

void live_key(struct live_view *v, int key)
{
	long page = v->page == LIVE_LIST ? (long)v->table_rows : (long)v->text_shown;

	if (key == KEY_RESIZE) {
		clear();
		return;
	}
	if (key == KEY_MOUSE) {
		on_mouse(v);
		return;
	}
	if (v->typing) {
		type(v, key);
		return;
	}
	if (play_key(v, key))
		return;
	switch (key) {
	case 'q':
	case 'Q':
	case KEY_F(10):
		/* On a page this goes back to the list, as in less and htop. */
		if (v->page == LIVE_LIST)
			v->leave = true;
		else
			back(v);
		break;
	case KEY_UP:
	case 'k':
		go(v, -1);
		break;
	case KEY_DOWN:
	case 'j':
		go(v, 1);
		break;
	case KEY_PPAGE:
	case 'b':
		go(v, -page);
		break;
	case KEY_NPAGE:
	case 'f':
		go(v, page);
		break;
	case KEY_HOME:
	case '<':
		go(v, -1000000);
		break;
	case KEY_END:
	case '>':
	case 'G':
		go(v, 1000000);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		enter(v);
		break;
	case 27:
	case KEY_BACKSPACE:
	case 127:
	case KEY_LEFT:
		back(v);
		break;
	case 't':
		v->page = LIVE_TASKS;
		v->lines_off = 0;
		break;
	case 'g':
		change_group(v);
		break;
	case 's':
		v->query.sort = (v->query.sort + 1) % LIVE_SORTS;
		break;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
		v->query.sort = (enum live_sort)(key - '1');
		break;
	case 'x':
		hide(v);
		break;
	case 'X':
		v->query.hidden = 0;
		break;
	case 'c':
		live_save_chain(v);
		break;
	case '/':
		v->page = LIVE_LIST;
		v->typing = true;
		break;
	case ' ':
		v->paused = !v->paused;
		break;
	case '+':
	case '=':
		change_span(v, 1);
		break;
	case '-':
		change_span(v, -1);
		break;
	case '[':
		change_threshold(v, -1);
		break;
	case ']':
		change_threshold(v, 1);
		break;
	case 'r':
		reset(v);
		break;
	case 'w':
		live_save(v);
		break;
	case '?':
	case 'h':
	case KEY_F(1):
		if (v->page != LIVE_HELP)
			v->before_help = v->page;
		v->page = LIVE_HELP;
		v->lines_off = 0;
		break;
	case 'l' & 31:
		clearok(stdscr, TRUE);
		break;
	default:
		break;
	}
}
