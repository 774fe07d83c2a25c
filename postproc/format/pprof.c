/* SPDX-License-Identifier: Apache-2.0 */
/* pprof.c - a profile for pprof and other readers of its format (Pyroscope, Parca, speedscope):
 * profile.proto, gzipped.
 *
 * A sample is all blocks of one stack, worker and blocker. All text is valid UTF-8, as protobuf requires.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/bisect.h"
#include "base/escape.h"
#include "format/formats.h"
#include "format/pprof.h"
#include "judge/reasons.h"
#include "report/source-path.h"
#include "tokio/role.h"

typedef Perftools__Profiles__Profile Profile;
typedef Perftools__Profiles__ValueType ValueType;
typedef Perftools__Profiles__Sample Sample;
typedef Perftools__Profiles__Label Label;
typedef Perftools__Profiles__Mapping Mapping;
typedef Perftools__Profiles__Location Location;
typedef Perftools__Profiles__Line Line;
typedef Perftools__Profiles__Function Function;

enum kind { STRING, FUNCTION, LOCATION, KINDS };

/* An object that the profile contains once, however often it refers to it. */
struct item {
	enum kind kind;
	size_t length;
	const void *key; /* the text or numbers that identify it */
	size_t id;	 /* from 1, within its kind */
	void *message;	 /* Function or Location */
};

struct profile_builder {
	const struct model *model;
	struct arena *memory; /* everything the profile points to */
	htab_t items;
	size_t count[KINDS];
	Mapping *mapping; /* in the model's order, ids from 1 */
	Profile profile;
};

static void *allocate(struct profile_builder *b, size_t size)
{
	return memset(arena_alloc(b->memory, size), 0, size);
}

static hashval_t hash_item(const void *p)
{
	const struct item *item = p;

	return iterative_hash(item->key, item->length, item->kind);
}

static int equal_items(const void *one, const void *two)
{
	const struct item *a = one, *b = two;

	return a->kind == b->kind && a->length == b->length && !memcmp(a->key, b->key, a->length);
}

/* The item with this key. A new one has no message yet, and a copy of the key. */
static struct item *intern(struct profile_builder *b, enum kind kind, const void *key, size_t length)
{
	struct item sought = {.kind = kind, .length = length, .key = key};
	void **slot = htab_find_slot(b->items, &sought, INSERT);

	if (!*slot) {
		struct item *item = allocate(b, sizeof(*item));

		*item = sought;
		item->key = memcpy(allocate(b, length + 1), key, length);
		item->id = ++b->count[kind];
		*slot = item;
	}
	return *slot;
}

/* The index of a text, which may hold anything; NULL is "". */
static int64_t string(struct profile_builder *b, const char *raw)
{
	char *text = escape_utf8(raw);
	size_t id = intern(b, STRING, text, strlen(text))->id;

	free(text);
	return (int64_t)id - 1;
}

static int64_t bounded(uint64_t n)
{
	return n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

static uint64_t function(struct profile_builder *b, const char *name, const char *whole, const char *file)
{
	const int64_t key[] = {string(b, name), string(b, whole), string(b, file)};
	struct item *item = intern(b, FUNCTION, key, sizeof(key));

	if (!item->message) {
		Function *f = item->message = allocate(b, sizeof(*f));

		perftools__profiles__function__init(f);
		f->id = item->id;
		f->name = key[0];
		f->system_name = key[1];
		f->filename = key[2];
	}
	return item->id;
}

/* The mapping at `pc`, or NULL. */
static Mapping *mapping_of(struct profile_builder *b, uint64_t pc)
{
	const struct mapped *mapped = b->model->mapped;
	size_t low = FIRST_BEYOND(mapped, b->model->mappings, end, pc);

	return low < b->model->mappings && mapped[low].start <= pc ? &b->mapping[low] : NULL;
}

/* The location with the functions key[2], key[4], ... at the lines key[3], key[5], ...; key[0] is its
 * mapping, key[1] its address. `length` is the number of values in key. */
static uint64_t location(struct profile_builder *b, const uint64_t *key, size_t length)
{
	struct item *item = intern(b, LOCATION, key, length * sizeof(*key));
	Location *l = item->message;

	if (l)
		return item->id;
	l = item->message = allocate(b, sizeof(*l));
	perftools__profiles__location__init(l);
	l->id = item->id;
	l->mapping_id = key[0];
	l->address = key[1];
	l->n_line = length / 2 - 1;
	l->line = allocate(b, l->n_line * sizeof(Line *));
	for (size_t i = 0; i < l->n_line; i++) {
		l->line[i] = allocate(b, sizeof(Line));
		perftools__profiles__line__init(l->line[i]);
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): `length` are there */
		l->line[i]->function_id = key[2 * i + 2];
		l->line[i]->line = (int64_t)key[2 * i + 3];
	}
	return item->id;
}

/* Writes the locations of a stack to `id`, which has room for one for each frame. Returns how many. */
static size_t locations(struct profile_builder *b, const struct verdict *v, uint64_t *id)
{
	uint64_t *key = xcalloc(2 * v->count + 2, sizeof(*key));
	size_t length = 2, count = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct frame *f = v->frame[i];
		Mapping *mapping = mapping_of(b, f->pc);
		char *name = place_name(f, false);

		if (mapping) {
			mapping->has_functions |= f->function != NULL;
			mapping->has_filenames |= f->function && f->file;
			mapping->has_line_numbers |= f->function && f->line;
			mapping->has_inline_frames |= f->inlined;
		}
		key[length++] = function(b, name, f->function, f->file);
		key[length++] = f->line;
		free(name);
		if (f->inlined && i + 1 < v->count)
			continue;
		key[0] = mapping ? mapping->id : 0;
		key[1] = f->pc;
		id[count++] = location(b, key, length);
		length = 2;
	}
	free(key);
	return count;
}

static ValueType *value_type(struct profile_builder *b, const char *type, const char *unit)
{
	ValueType *v = allocate(b, sizeof(*v));

	perftools__profiles__value_type__init(v);
	v->type = string(b, type);
	v->unit = string(b, unit);
	return v;
}

static void add_label(struct profile_builder *b, Sample *s, const char *key, const char *text, int64_t number)
{
	Label *l = allocate(b, sizeof(*l));

	perftools__profiles__label__init(l);
	l->key = string(b, key);
	l->str = text ? string(b, text) : 0;
	l->num = text ? 0 : number;
	s->label[s->n_label++] = l;
}

static void add_labels(struct profile_builder *b, Sample *s, const struct share *share)
{
	const struct worker *w = &b->model->worker[share->worker];

	s->label = allocate(b, 6 * sizeof(Label *));
	add_label(b, s, "worker", w->comm, 0);
	add_label(b, s, "tid", NULL, w->tid); /* as number: pprof's -tagfocus reads digits as one */
	add_label(b, s, "role", role_name(w->role), 0);
	add_label(b, s, "reason", reason_info(share->blocker->reason)->id, 0);
	add_label(b, s, "blocker", share->blocker->function, 0);
	if (share->blocker->task)
		add_label(b, s, "task", share->blocker->task, 0);
}

static int by_stack(const void *one, const void *two)
{
	const struct share *a = *(const struct share *const *)one, *b = *(const struct share *const *)two;
	int order = judge_order(a->stack, b->stack);

	if (order)
		return order;
	if (a->worker != b->worker)
		return a->worker < b->worker ? -1 : 1;
	return (a->blocker > b->blocker) - (a->blocker < b->blocker);
}

/* Adds a sample, with the previous one's stack if it is the same. */
static void add_sample(struct profile_builder *b, const struct share *share, const struct share *before)
{
	Profile *p = &b->profile;
	Sample *s = allocate(b, sizeof(*s));
	const struct verdict *v = share->stack;

	perftools__profiles__sample__init(s);
	if (v && v->count && before && before->stack == v) {
		s->location_id = p->sample[p->n_sample - 1]->location_id;
		s->n_location_id = p->sample[p->n_sample - 1]->n_location_id;
	} else if (v && v->count) {
		s->location_id = allocate(b, v->count * sizeof(*s->location_id));
		s->n_location_id = locations(b, v, s->location_id);
	} else { /* readers drop samples without a location */
		const uint64_t key[] = {0, 0, function(b, share->blocker->function, NULL, NULL), 0};

		s->location_id = allocate(b, sizeof(*s->location_id));
		s->location_id[s->n_location_id++] = location(b, key, 4);
	}
	s->n_value = p->n_sample_type;
	s->value = allocate(b, s->n_value * sizeof(*s->value));
	add_labels(b, s, share);
	s->value[0] = bounded(share->count);
	s->value[1] = bounded(share->total);
	s->value[2] = bounded(share->delay);
	p->sample[p->n_sample++] = s;
}

static void add_samples(struct profile_builder *b)
{
	const struct model *m = b->model;
	const struct share **share = xcalloc(m->shares + 1, sizeof(*share));

	for (size_t i = 0; i < m->shares; i++)
		share[i] = &m->share[i];
	qsort(share, m->shares, sizeof(*share), by_stack);
	b->profile.sample = allocate(b, m->shares * sizeof(Sample *));
	for (size_t i = 0; i < m->shares; i++)
		add_sample(b, share[i], i ? share[i - 1] : NULL);
	free(share);
}

static void make_mappings(struct profile_builder *b)
{
	const struct model *m = b->model;

	b->mapping = allocate(b, m->mappings * sizeof(*b->mapping));
	b->profile.mapping = allocate(b, m->mappings * sizeof(Mapping *));
	b->profile.n_mapping = m->mappings;
	for (size_t i = 0; i < m->mappings; i++) {
		Mapping *mapping = b->profile.mapping[i] = &b->mapping[i];

		perftools__profiles__mapping__init(mapping);
		mapping->id = i + 1;
		mapping->memory_start = m->mapped[i].start;
		mapping->memory_limit = m->mapped[i].end;
		mapping->file_offset = m->mapped[i].offset;
		mapping->filename = string(b, *m->mapped[i].path ? m->mapped[i].path : "[anon]");
		mapping->build_id = string(b, m->mapped[i].build_id);
	}
	for (size_t i = 0; i < m->mappings && m->target.exe; i++)
		if (!strcmp(m->mapped[i].path, m->target.exe)) {
			b->profile.mapping[i] = b->profile.mapping[0];
			b->profile.mapping[0] = &b->mapping[i];
			break;
		}
}

static void make_header(struct profile_builder *b)
{
	const struct target *t = &b->model->target;
	Profile *p = &b->profile;

	p->n_sample_type = 3;
	p->sample_type = allocate(b, 3 * sizeof(ValueType *));
	p->sample_type[0] = value_type(b, "blocks", "count");
	p->sample_type[1] = value_type(b, "blocked", "nanoseconds");
	p->sample_type[2] = value_type(b, "delay", "nanoseconds"); /* of ready tasks, added up */
	p->default_sample_type = p->sample_type[1]->type;
	p->period_type = value_type(b, "blocks", "count"); /* of those over the threshold, each one */
	p->period = 1;
	p->duration_nanos = bounded(b->model->end - b->model->start);
	if (t->clock_wall)
		p->time_nanos = (int64_t)(t->clock_wall + (b->model->start - t->clock_boot));
	p->comment = allocate(b, 4 * sizeof(*p->comment));
	char *threshold = text_format("threshold %llu ns", (unsigned long long)t->threshold);

	p->comment[p->n_comment++] = string(b, "hud-trace");
	p->comment[p->n_comment++] = string(b, threshold);
	if (t->polls)
		p->comment[p->n_comment++] = string(b, t->polls);
	if (b->model->lost) {
		char *lost = text_format("%llu events were lost: times and counts are too low",
					 (unsigned long long)b->model->lost);

		p->comment[p->n_comment++] = string(b, lost);
		free(lost);
	}
	free(threshold);
}

/* Puts an item into the profile's list of its kind. */
static int place_item(void **slot, void *builder)
{
	const struct item *item = *slot;
	Profile *p = &((struct profile_builder *)builder)->profile;

	if (item->kind == STRING)
		p->string_table[item->id - 1] = (char *)item->key;
	else if (item->kind == FUNCTION)
		p->function[item->id - 1] = item->message;
	else
		p->location[item->id - 1] = item->message;
	return 1;
}

static void place_items(struct profile_builder *b)
{
	Profile *p = &b->profile;

	p->n_string_table = b->count[STRING];
	p->n_function = b->count[FUNCTION];
	p->n_location = b->count[LOCATION];
	p->string_table = allocate(b, p->n_string_table * sizeof(char *));
	p->function = allocate(b, p->n_function * sizeof(Function *));
	p->location = allocate(b, p->n_location * sizeof(Location *));
	htab_traverse_noresize(b->items, place_item, b);
}

/* Writes protobuf-c's bytes through zlib to a file. */
struct gzip {
	ProtobufCBuffer base; /* first */
	z_stream z;
	FILE *out;
};

static void deflate_some(struct gzip *g, int flush)
{
	unsigned char buffer[16384];

	do {
		g->z.next_out = buffer;
		g->z.avail_out = sizeof(buffer);
		deflate(&g->z, flush);
		fwrite(buffer, 1, sizeof(buffer) - g->z.avail_out, g->out);
	} while (g->z.avail_out == 0);
}

static void append(ProtobufCBuffer *buffer, size_t length, const uint8_t *data)
{
	struct gzip *g = (struct gzip *)buffer;

	while (length) {
		uInt now = length < UINT32_MAX ? (uInt)length : UINT32_MAX;

		g->z.next_in = (Bytef *)data;
		g->z.avail_in = now;
		deflate_some(g, Z_NO_FLUSH);
		data += now;
		length -= now;
	}
}

static void write_profile(const Profile *profile, FILE *out)
{
	struct gzip g = {.base.append = append, .out = out};

	/* 16 selects a gzip header. It has no time in it, so the same trace gives the same file. */
	if (deflateInit2(&g.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, MAX_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		xmalloc_failed(sizeof(g));
	perftools__profiles__profile__pack_to_buffer(profile, &g.base);
	deflate_some(&g, Z_FINISH);
	deflateEnd(&g.z);
}

struct profile_builder *profile_build(const struct model *m)
{
	struct profile_builder *b = xcalloc(1, sizeof(*b));

	b->model = m;
	b->memory = arena_new();
	b->items = htab_create(1024, hash_item, equal_items, NULL);
	perftools__profiles__profile__init(&b->profile);
	string(b, "");
	make_header(b);
	make_mappings(b);
	add_samples(b);
	place_items(b);
	return b;
}

void profile_free(struct profile_builder *b)
{
	htab_delete(b->items);
	arena_free(b->memory);
	free(b);
}

const Profile *profile_of(const struct profile_builder *b)
{
	return &b->profile;
}

int format_pprof(FILE *out, const struct model *m, const struct report_options *options)
{
	struct profile_builder *b = profile_build(m);

	(void)options;
	errno = 0;
	write_profile(&b->profile, out);
	profile_free(b);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
