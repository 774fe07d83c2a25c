/* SPDX-License-Identifier: Apache-2.0 */
/* detail.c - one blocker in detail: how the code got there, who was involved, what to do. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/advice.h"
#include "report/parts.h"
#include "report/source-path.h"

#define INDENT 4
#define NAME_COLUMN 8	/* of the frames of a call chain */
#define LABEL_COLUMN 16 /* of the text beside a label */
#define LINES_SHOWN 30	/* of a call chain: of a deep recursion, the middle is left out */

static void label(struct page *page, const char *text)
{
	page_to(page, INDENT);
	page_text(page, STYLE_FAINT, text);
	page_to(page, LABEL_COLUMN);
}

/* Does frame `i` always have its own line? `last_own` is the user's frame nearest to the leaf. */
static bool stands_out(const struct verdict *stack, size_t i, size_t last_own)
{
	if (i == 0 || i == stack->blame || stack->frame[i]->origin == ORIGIN_USER)
		return true;
	/* Users know the function that their code called last: "std::thread::sleep". */
	return i + 1 == last_own;
}

size_t report_chain_lines(const struct verdict *stack, bool all, struct entry *entries)
{
	size_t outermost = stack->poll < stack->count ? stack->poll : stack->count - 1;
	size_t last_own = stack->blame, n = 0;

	for (size_t i = outermost + 1; i-- > 0;)
		if (stack->frame[i]->origin == ORIGIN_USER)
			last_own = i;
	for (size_t i = outermost + 1; i-- > 0;) {
		bool fold = !all && !stands_out(stack, i, last_own);

		if (fold && n && entries[n - 1].folded)
			entries[n - 1].to = i;
		else
			entries[n++] = (struct entry){i, i, fold};
	}
	/* Folding a single frame saves nothing. */
	for (size_t i = 0; i < n; i++)
		entries[i].folded = entries[i].folded && entries[i].from > entries[i].to;
	return n;
}

/* The mark before a line: for the user's own frames, and for folded ones. */
static void mark(struct report *report, enum style style, const char *utf8, const char *ascii)
{
	page_to(&report->page, INDENT);
	page_text(&report->page, style, report->page.utf8 ? utf8 : ascii);
	page_to(&report->page, NAME_COLUMN);
}

/* "… tokio, hyper: 12 frames": the crates in order of appearance, at most three. */
static void folded_line(struct report *report, const struct verdict *stack, const struct entry *entry)
{
	char *crate[3];
	size_t crates = 0;
	bool more = false;

	mark(report, STYLE_FAINT, "…", "...");
	for (size_t i = entry->from + 1; i-- > entry->to;) {
		char *name = place_crate(stack->frame[i]);
		size_t known = 0;

		while (known < crates && strcmp(crate[known], name) != 0)
			known++;
		if (known < crates || crates == 3) {
			more = more || known == crates;
			free(name);
		} else {
			crate[crates++] = name;
		}
	}
	for (size_t i = 0; i < crates; i++) {
		page_printf(&report->page, STYLE_FAINT, "%s%s", i ? ", " : "", crate[i]);
		free(crate[i]);
	}
	page_printf(&report->page, STYLE_FAINT, "%s: %zu frames", more ? " and others" : "",
		    entry->from - entry->to + 1);
	page_end(&report->page);
}

/* What a frame's line begins with. The caller frees it. */
static char *frame_title(const struct report *report, const struct frame *frame)
{
	char *name = place_name(frame, report->options.verbose);
	const char *how = frame->tail_call ? " (tail call)"
			  : frame->found   ? " (found)"
			  : frame->inlined ? " (inlined)"
					   : "";
	char *title = concat(name, how, NULL);

	free(name);
	return title;
}

/* `place_column`: where the source location is written, unless the name is longer. */
static void frame_line(struct report *report, const struct frame *frame, size_t place_column)
{
	struct page *page = &report->page;
	enum style style = frame->origin == ORIGIN_USER ? STYLE_OWN : STYLE_PLAIN;
	char *title = frame_title(report, frame);
	char *place = place_text(report->root, frame->file, frame->line);

	mark(report, style, style == STYLE_OWN ? ">" : "", style == STYLE_OWN ? ">" : "");
	if (NAME_COLUMN + page_width(page, title) + 2 <= place_column) {
		page_text(page, style, title);
		page_to(page, place_column);
		page_fit(page, STYLE_PLAIN, page->width, text_shorten_path, place);
		page_end(page);
	} else {
		report_where(report, style, title, place);
	}
	free(place);
	free(title);
}

/* The column behind the longest name with a source location, if that leaves room for locations. */
static size_t place_column_for(const struct report *report, const struct verdict *stack,
			       const struct entry *entries, size_t n)
{
	size_t names = 0, places = 0;

	for (size_t i = 0; i < n; i++) {
		const struct frame *frame = stack->frame[entries[i].from];

		if (entries[i].folded || !frame->file)
			continue;
		char *title = frame_title(report, frame);
		char *place = place_text(report->root, frame->file, frame->line);
		size_t name_width = page_width(&report->page, title),
		       place_width = page_width(&report->page, place);

		/* A line that fills the width anyway does not count. */
		if (place_width && NAME_COLUMN + name_width + 2 + place_width <= report->page.width) {
			names = name_width > names ? name_width : names;
			places = place_width > places ? place_width : places;
		}
		free(place);
		free(title);
	}
	size_t most = report->page.width - places;
	size_t column = NAME_COLUMN + names + 2;

	return column < most ? column : most;
}

const char *report_chain_note(const struct verdict *stack)
{
	const struct frame *blamed = stack->frame[stack->blame];
	const struct frame *poll = stack->poll < stack->count ? stack->frame[stack->poll] : NULL;

	if (blamed->origin == ORIGIN_USER && blamed->function)
		return NULL;
	if (!blamed->function)
		return "no symbol covers this address. If the binary was stripped, --target FILE takes the "
		       "symbols from an unstripped copy of the same build.";
	if (poll && poll->function && !poll->file)
		return "no frame of your own code is on this stack: the task or the nearest frame is named. "
		       "What was inlined shows with debug info: [profile.release] debug = 1.";
	return "no frame of your own code is on this stack: the nearest one is named.";
}

void report_chain(struct report *report, const struct verdict *stack)
{
	struct page *page = &report->page;
	struct entry *entries = xmalloc(stack->count * sizeof *entries);
	size_t n = report_chain_lines(stack, report->options.verbose, entries);
	size_t skip_from = n, skip_to = n;
	size_t place_column = place_column_for(report, stack, entries, n);

	if (n > LINES_SHOWN && !report->options.verbose) {
		skip_from = LINES_SHOWN / 2;
		skip_to = n - LINES_SHOWN / 2;
	}
	if (stack->cut) {
		mark(report, STYLE_FAINT, "…", "...");
		page_text(page, STYLE_FAINT, "cut here: what called the function below is not known");
		page_end(page);
	}
	for (size_t i = 0; i < n; i++) {
		if (i == skip_from) {
			mark(report, STYLE_FAINT, "…", "...");
			page_printf(page, STYLE_FAINT, "%zu lines more", skip_to - skip_from);
			page_end(page);
			i = skip_to;
		}
		if (entries[i].folded)
			folded_line(report, stack, &entries[i]);
		else
			frame_line(report, stack->frame[entries[i].from], place_column);
	}
	free(entries);
}

static void chain(struct report *report, const struct blocker *b)
{
	const struct verdict *stack = b->stack;
	struct page *page = &report->page;
	char share[UNIT_SIZE];

	label(page, "call chain");
	page_text(page, STYLE_PLAIN,
		  !stack->in_poll  ? "from the outermost frame down"
		  : b->main_future ? "from the poll of block_on's future down"
				   : "from the task's poll down");
	if (b->stacks > 1)
		page_printf(page, STYLE_PLAIN, "; the top one of %zu (%s of the time)", b->stacks,
			    unit_share(share, b->stack_total, b->total));
	page_end(page);
	report_chain(report, stack);
	const struct frame *blamed = stack->frame[stack->blame];
	const char *note = report_chain_note(stack);

	if (!note)
		return;
	label(page, "note");
	page_wrap(page, STYLE_PLAIN, note);
	if (!blamed->function && blamed->file) {
		page_to(page, LABEL_COLUMN);
		page_wrap(page, STYLE_PLAIN, "The source file is one that the function's code mentions.");
	}
}

char *report_made_of(const struct blocker *b)
{
	const char *kind[] = {"running", "asleep", "waiting for a CPU"};
	uint64_t known = b->asleep + b->run_queue;
	uint64_t part[] = {b->total > known ? b->total - known : 0, b->asleep, b->run_queue};
	size_t kinds = 0;
	char share[UNIT_SIZE], *text = NULL;

	for (size_t i = 0; i < 3; i++)
		kinds += part[i] * 200 >= b->total && part[i];
	if (kinds < 2)
		return NULL;
	for (size_t i = 0; i < 3; i++) {
		if (part[i] * 200 < b->total || part[i] == 0)
			continue;
		char *more = text_format("%s%s%s %s", text ? text : "", text ? ", " : "",
					 unit_share(share, part[i], b->total), kind[i]);

		free(text);
		text = more;
	}
	return text;
}

char *report_elsewhere(const struct blocker *b)
{
	char share[UNIT_SIZE];

	if (b->elsewhere * 20 < b->total || !b->elsewhere)
		return NULL;
	return text_format("%s in this function; the rest in other code of the same polls, in pieces "
			   "shorter than the threshold",
			   unit_share(share, b->total - b->elsewhere, b->total));
}

const char *report_peers_role(const struct blocker *b)
{
	bool other = b->peers && !b->peer[0].same_process && b->peer[0].tid;

	switch (b->reason) {
	case REASON_RUN_QUEUE:
		return "CPU went to";
	case REASON_LOCK:
	case REASON_FILE_LOCK:
		return "released by";
	case REASON_STDOUT:
	case REASON_STDERR:
		return other ? "read by" : "woken by";
	default:
		return "woken by";
	}
}

char *report_peer_thread(const struct peer *p)
{
	if (p->same_process)
		return p->threads ? xstrdup("several threads") : text_format("thread %ld", p->tid);
	return p->pid == p->tid ? text_format("process %ld", p->pid)
				: text_format("process %ld, thread %ld", p->pid, p->tid);
}

/* Who ended the sleep, or had the CPU. */
static void peers(struct report *report, const struct blocker *b)
{
	const char *role = report_peers_role(b);
	struct page *page = &report->page;
	char count[UNIT_SIZE], of[UNIT_SIZE], time[UNIT_SIZE];

	if (b->reason == REASON_SLEEP) /* a timer ends it, as its name says */
		return;
	for (size_t i = 0; i < b->peers; i++) {
		const struct peer *p = &b->peer[i];

		label(page, i ? "" : role);
		if (p->tid == 0) {
			page_text(page, STYLE_PLAIN, reason_nobody(b->reason, p->comm));
		} else if (p->names) {
			page_text(page, STYLE_STRONG, "several threads");
		} else {
			page_fit(page, STYLE_STRONG, 24, text_shorten, p->comm);
			char *thread = report_peer_thread(p);

			page_printf(page, STYLE_PLAIN, " (%s)", thread);
			free(thread);
		}
		page_printf(page, STYLE_PLAIN, ", %s of %s times, %s", unit_count(count, p->count),
			    unit_count(of, b->count), unit_duration(time, p->total));
		page_end(page);
		if (!p->stack || p->stack->count == 0)
			continue;
		const struct frame *frame = p->stack->frame[p->stack->blame];
		char *name = place_name(frame, false),
		     *place = place_text(report->root, frame->file, frame->line);

		page_to(page, LABEL_COLUMN);
		page_text(page, STYLE_FAINT, "in ");
		report_where(report, frame->origin == ORIGIN_USER ? STYLE_OWN : STYLE_PLAIN, name, place);
		free(name);
		free(place);
	}
}

/* A line with this label, unless there is nothing to say: `text` is NULL. Frees it. */
static void fact(struct report *report, const char *name, char *text)
{
	if (!text)
		return;
	label(&report->page, name);
	page_wrap(&report->page, STYLE_PLAIN, text);
	free(text);
}

/* What is done while this lock is held; and who waits for locks that are held here. */
static void locks(struct report *report, const struct blocker *b, size_t rank)
{
	char *text;

	for (size_t i = 0; (text = report_held(report, b, i)); i++)
		fact(report, i ? "" : "held", text);
	fact(report, "lock held", report_holds(report, rank));
}

void report_detail(struct report *report, size_t rank)
{
	const struct blocker *b = &report->model->blocker[rank];
	struct page *page = &report->page;
	char *place = place_text(report->root, b->file, b->line);
	char count[UNIT_SIZE], text[UNIT_SIZE];

	page_printf(page, STYLE_STRONG, "#%zu", rank + 1);
	page_to(page, INDENT);
	report_where(report, STYLE_STRONG, b->function, place);
	free(place);

	label(page, reason_info(b->reason)->word);
	if (b->syscall)
		page_printf(page, STYLE_PLAIN, "in %s(2): ", b->syscall);
	page_printf(page, STYLE_PLAIN, "%s%s in %s %s%s", b->estimated ? "~" : "",
		    unit_duration(text, b->total), unit_count(count, b->count),
		    judge_is_wait(b->reason)		      ? "wait"
		    : report->model->polls && !b->main_future ? "poll"
							      : "block",
		    b->count == 1 ? "" : "s");
	page_printf(page, STYLE_PLAIN, ", the longest %s", unit_duration(text, b->max));
	page_end(page);
	if (b->task && !report->task && (b->main_future || strcmp(b->task, b->function) != 0)) {
		label(page, b->main_future ? "main future" : "task");
		page_text(page, STYLE_PLAIN, b->task);
		page_end(page);
	}
	fact(report, "time", report_made_of(b));
	fact(report, "of this", report_elsewhere(b));
	fact(report, "held up", report_held_up(b, true));
	if (b->unfinished) {
		label(page, "unfinished");
		page_printf(page, STYLE_PLAIN, "%s of %s had not ended when the trace did",
			    unit_count(text, b->unfinished), unit_count(count, b->count));
		page_end(page);
	}
	if (b->stack && b->stack->count)
		chain(report, b);
	peers(report, b);
	locks(report, b, rank);
	label(page, "advice");
	page_wrap(page, STYLE_PLAIN, reason_advice(b));
}
