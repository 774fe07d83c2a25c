/* SPDX-License-Identifier: Apache-2.0 */
/* otlp.c - see otlp.h. Made from the profile of pprof.c: its ids count from 1, so they are indices here, where 0 is the empty element. What has
 * three values there is three profiles here, with the same samples. */
#include "format/otlp.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/grow.h"
#include "format/otlp.pb-c.h"
#include "format/pprof.h"

typedef Perftools__Profiles__Profile Pprof;
typedef Perftools__Profiles__Sample PprofSample;
typedef Perftools__Profiles__Label Label;

struct converter {
	const Pprof *from;
	struct arena *memory; /* everything the request points to */
	Otlp__Dictionary dictionary;
	size_t attributes_allocated;
	const uint64_t *last; /* locations of the stack that was added last */
};

static void *allocate(struct converter *c, size_t size)
{
	return memset(arena_alloc(c->memory, size), 0, size);
}

/* A table of `count` messages of `size` bytes, and the empty one before them; `init` makes each empty. */
#define TABLE(c, type, init, count) ((type **)table(c, sizeof(type), (void (*)(void *))(init), count))

static void **table(struct converter *c, size_t size, void (*init)(void *), size_t count)
{
	void **table = allocate(c, (count + 1) * sizeof(*table));

	for (size_t i = 0; i <= count; i++) {
		table[i] = allocate(c, size);
		init(table[i]);
	}
	return table;
}

static void init_mapping(void *m)
{
	otlp__mapping__init(m);
}

static void init_location(void *l)
{
	otlp__location__init(l);
}

static void init_line(void *l)
{
	otlp__line__init(l);
}

static void init_function(void *f)
{
	otlp__function__init(f);
}

static void init_link(void *l)
{
	otlp__link__init(l);
}

static void init_stack(void *s)
{
	otlp__stack__init(s);
}

static void init_attribute(void *a)
{
	otlp__attribute__init(a);
}

static void init_sample(void *s)
{
	otlp__sample__init(s);
}

static void convert_mappings(struct converter *c)
{
	Otlp__Dictionary *d = &c->dictionary;

	d->mapping_table = TABLE(c, Otlp__Mapping, init_mapping, c->from->n_mapping);
	d->n_mapping_table = c->from->n_mapping + 1;
	for (size_t i = 0; i < c->from->n_mapping; i++) {
		const Perftools__Profiles__Mapping *from = c->from->mapping[i];
		Otlp__Mapping *to = d->mapping_table[from->id];

		to->memory_start = from->memory_start;
		to->memory_limit = from->memory_limit;
		to->file_offset = from->file_offset;
		to->filename_strindex = (int32_t)from->filename;
	}
}

static void convert_locations(struct converter *c)
{
	Otlp__Dictionary *d = &c->dictionary;

	d->location_table = TABLE(c, Otlp__Location, init_location, c->from->n_location);
	d->n_location_table = c->from->n_location + 1;
	for (size_t i = 0; i < c->from->n_location; i++) {
		const Perftools__Profiles__Location *from = c->from->location[i];
		Otlp__Location *to = d->location_table[from->id];

		to->mapping_index = (int32_t)from->mapping_id;
		to->address = from->address;
		to->lines = TABLE(c, Otlp__Line, init_line, from->n_line);
		to->n_lines = from->n_line;
		for (size_t k = 0; k < from->n_line; k++) {
			to->lines[k]->function_index = (int32_t)from->line[k]->function_id;
			to->lines[k]->line = from->line[k]->line;
		}
	}
}

static void convert_functions(struct converter *c)
{
	Otlp__Dictionary *d = &c->dictionary;

	d->function_table = TABLE(c, Otlp__Function, init_function, c->from->n_function);
	d->n_function_table = c->from->n_function + 1;
	for (size_t i = 0; i < c->from->n_function; i++) {
		const Perftools__Profiles__Function *from = c->from->function[i];
		Otlp__Function *to = d->function_table[from->id];

		to->name_strindex = (int32_t)from->name;
		to->system_name_strindex = (int32_t)from->system_name;
		to->filename_strindex = (int32_t)from->filename;
	}
}

static void set_text(struct converter *c, Otlp__AnyValue *value, const char *text)
{
	value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	value->string_value = strcpy(allocate(c, strlen(text) + 1), text);
}

/* The index of this key and value. There are few: workers, reasons, blockers, tasks. */
static int32_t attribute(struct converter *c, const Label *label)
{
	Otlp__Dictionary *d = &c->dictionary;
	const char *text = label->str ? c->from->string_table[label->str] : NULL;

	for (size_t i = 1; i < d->n_attribute_table; i++) {
		const Otlp__Attribute *a = d->attribute_table[i];
		bool is_text = a->value->value_case == OTLP__ANY_VALUE__VALUE_STRING_VALUE;

		if (a->key_strindex == label->key && is_text == (text != NULL) &&
		    (text ? !strcmp(a->value->string_value, text) : a->value->int_value == label->num))
			return (int32_t)i;
	}
	Otlp__Attribute *a = *TABLE(c, Otlp__Attribute, init_attribute, 0);

	a->key_strindex = (int32_t)label->key;
	a->value = allocate(c, sizeof(*a->value));
	otlp__any_value__init(a->value);
	if (text) {
		set_text(c, a->value, text);
	} else {
		a->value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		a->value->int_value = label->num;
	}
	GROW(d->attribute_table, c->attributes_allocated, d->n_attribute_table + 1);
	d->attribute_table[d->n_attribute_table++] = a;
	return (int32_t)d->n_attribute_table - 1;
}

/* The stack of a sample: pprof.c gives those of one stack, which follow each other, the same array. */
static int32_t stack(struct converter *c, const PprofSample *sample)
{
	Otlp__Dictionary *d = &c->dictionary;

	if (sample->location_id != c->last) {
		Otlp__Stack *s = d->stack_table[d->n_stack_table++];

		s->location_indices = allocate(c, sample->n_location_id * sizeof(*s->location_indices));
		s->n_location_indices = sample->n_location_id;
		for (size_t i = 0; i < sample->n_location_id; i++)
			s->location_indices[i] = (int32_t)sample->location_id[i];
		c->last = sample->location_id;
	}
	return (int32_t)d->n_stack_table - 1;
}

static Otlp__ValueType *value_type(struct converter *c, const Perftools__Profiles__ValueType *from)
{
	Otlp__ValueType *v = allocate(c, sizeof(*v));

	otlp__value_type__init(v);
	v->type_strindex = (int32_t)from->type;
	v->unit_strindex = (int32_t)from->unit;
	return v;
}

/* The profile of one of the values. */
static Otlp__Profile *profile(struct converter *c, size_t value)
{
	Otlp__Profile *p = allocate(c, sizeof(*p));

	otlp__profile__init(p);
	p->sample_type = value_type(c, c->from->sample_type[value]);
	p->time_unix_nano = (uint64_t)c->from->time_nanos;
	p->duration_nano = (uint64_t)c->from->duration_nanos;
	p->period_type = value_type(c, c->from->period_type);
	p->period = c->from->period;
	p->samples = TABLE(c, Otlp__Sample, init_sample, c->from->n_sample);
	p->n_samples = c->from->n_sample;
	return p;
}

static void convert_samples(struct converter *c, Otlp__Profile **profile, size_t profiles)
{
	for (size_t i = 0; i < c->from->n_sample; i++) {
		const PprofSample *from = c->from->sample[i];
		int32_t index = stack(c, from), *labels = allocate(c, from->n_label * sizeof(*labels));

		for (size_t k = 0; k < from->n_label; k++)
			labels[k] = attribute(c, from->label[k]);
		for (size_t k = 0; k < profiles; k++) {
			Otlp__Sample *to = profile[k]->samples[i];

			to->stack_index = index;
			to->attribute_indices = labels;
			to->n_attribute_indices = from->n_label;
			to->values = &from->value[k];
			to->n_values = 1;
		}
	}
}

static void make_dictionary(struct converter *c)
{
	Otlp__Dictionary *d = &c->dictionary;

	otlp__dictionary__init(d);
	d->string_table = c->from->string_table;
	d->n_string_table = c->from->n_string_table;
	convert_mappings(c);
	convert_functions(c);
	convert_locations(c);
	d->link_table = TABLE(c, Otlp__Link, init_link, 0);
	d->n_link_table = 1;
	d->stack_table = TABLE(c, Otlp__Stack, init_stack, c->from->n_sample);
	d->n_stack_table = 1;
	GROW(d->attribute_table, c->attributes_allocated, 1);
	d->attribute_table[d->n_attribute_table++] = *TABLE(c, Otlp__Attribute, init_attribute, 0);
}

static Otlp__Resource *resource(struct converter *c, const struct otlp_attribute *attribute,
				size_t attributes)
{
	Otlp__Resource *r = allocate(c, sizeof(*r));

	otlp__resource__init(r);
	r->attributes = allocate(c, attributes * sizeof(*r->attributes));
	for (size_t i = 0; i < attributes; i++) {
		Otlp__KeyValue *a = r->attributes[r->n_attributes++] = allocate(c, sizeof(*a));

		otlp__key_value__init(a);
		a->key = (char *)attribute[i].key;
		a->value = allocate(c, sizeof(*a->value));
		otlp__any_value__init(a->value);
		set_text(c, a->value, attribute[i].value);
	}
	return r;
}

static int write_request(struct converter *c, Otlp__Resource *resource, Otlp__Profile **profile,
			 size_t profiles, FILE *out)
{
	Otlp__Scope scope = OTLP__SCOPE__INIT;
	Otlp__ScopeProfiles scopes = OTLP__SCOPE_PROFILES__INIT, *all_scopes = &scopes;
	Otlp__ResourceProfiles resources = OTLP__RESOURCE_PROFILES__INIT, *all_resources = &resources;
	Otlp__Request request = OTLP__REQUEST__INIT;

	scope.name = (char *)"hud-trace";
	scopes.scope = &scope;
	scopes.profiles = profile;
	scopes.n_profiles = profiles;
	resources.resource = resource;
	resources.scope_profiles = &all_scopes;
	resources.n_scope_profiles = 1;
	request.resource_profiles = &all_resources;
	request.n_resource_profiles = 1;
	request.dictionary = &c->dictionary;

	size_t size = otlp__request__get_packed_size(&request);
	uint8_t *bytes = xmalloc(size);

	otlp__request__pack(&request, bytes);
	fwrite(bytes, 1, size, out);
	free(bytes);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int otlp_write(FILE *out, const struct model *m, const struct otlp_attribute *attribute, size_t attributes)
{
	struct profile_builder *builder = profile_build(m);
	struct converter c = {.from = profile_of(builder), .memory = arena_new()};
	size_t profiles = c.from->n_sample_type;
	Otlp__Profile **all = xcalloc(profiles, sizeof(*all));

	errno = 0;
	make_dictionary(&c);
	for (size_t i = 0; i < profiles; i++)
		all[i] = profile(&c, i);
	convert_samples(&c, all, profiles);
	int failed = write_request(&c, resource(&c, attribute, attributes), all, profiles, out),
	    error = errno;

	free(all);
	free(c.dictionary.attribute_table);
	arena_free(c.memory);
	profile_free(builder);
	errno = error;
	return failed;
}
