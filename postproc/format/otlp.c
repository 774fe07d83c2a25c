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

/* An empty message. */
static void *message(struct converter *c, const ProtobufCMessageDescriptor *type)
{
	void *empty = allocate(c, type->sizeof_message);

	protobuf_c_message_init(type, empty);
	return empty;
}

/* An array of pointers to `count` messages, and the empty one before them. */
static void *table(struct converter *c, const ProtobufCMessageDescriptor *type, size_t count)
{
	void **table = allocate(c, (count + 1) * sizeof(*table));

	for (size_t i = 0; i <= count; i++)
		table[i] = message(c, type);
	return table;
}

static void convert_mappings(struct converter *c)
{
	Otlp__Dictionary *d = &c->dictionary;

	d->mapping_table = table(c, &otlp__mapping__descriptor, c->from->n_mapping);
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

	d->location_table = table(c, &otlp__location__descriptor, c->from->n_location);
	d->n_location_table = c->from->n_location + 1;
	for (size_t i = 0; i < c->from->n_location; i++) {
		const Perftools__Profiles__Location *from = c->from->location[i];
		Otlp__Location *to = d->location_table[from->id];

		to->mapping_index = (int32_t)from->mapping_id;
		to->address = from->address;
		to->lines = table(c, &otlp__line__descriptor, from->n_line);
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

	d->function_table = table(c, &otlp__function__descriptor, c->from->n_function);
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
	Otlp__Attribute *a = message(c, &otlp__attribute__descriptor);

	a->key_strindex = (int32_t)label->key;
	a->value = message(c, &otlp__any_value__descriptor);
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
	Otlp__ValueType *v = message(c, &otlp__value_type__descriptor);

	v->type_strindex = (int32_t)from->type;
	v->unit_strindex = (int32_t)from->unit;
	return v;
}

/* The profile of one of the values. */
static Otlp__Profile *profile(struct converter *c, size_t value)
{
	Otlp__Profile *p = message(c, &otlp__profile__descriptor);

	p->sample_type = value_type(c, c->from->sample_type[value]);
	p->time_unix_nano = (uint64_t)c->from->time_nanos;
	p->duration_nano = (uint64_t)c->from->duration_nanos;
	p->period_type = value_type(c, c->from->period_type);
	p->period = c->from->period;
	p->samples = table(c, &otlp__sample__descriptor, c->from->n_sample);
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
	d->link_table = table(c, &otlp__link__descriptor, 0);
	d->n_link_table = 1;
	d->stack_table = table(c, &otlp__stack__descriptor, c->from->n_sample);
	d->n_stack_table = 1;
	GROW(d->attribute_table, c->attributes_allocated, 1);
	d->attribute_table[d->n_attribute_table++] = message(c, &otlp__attribute__descriptor);
}

static Otlp__Resource *resource(struct converter *c, const struct otlp_attribute *attribute,
				size_t attributes)
{
	Otlp__Resource *r = message(c, &otlp__resource__descriptor);

	r->attributes = allocate(c, attributes * sizeof(*r->attributes));
	for (size_t i = 0; i < attributes; i++) {
		Otlp__KeyValue *a = r->attributes[r->n_attributes++] =
			message(c, &otlp__key_value__descriptor);

		a->key = (char *)attribute[i].key;
		a->value = message(c, &otlp__any_value__descriptor);
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
