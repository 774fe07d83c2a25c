/* SPDX-License-Identifier: Apache-2.0 */
/* collection.c - see collection.h. What it says is from the sources of Tokio 1.24.2 and 1.53.2, futures-util 0.3.21
 * and 0.3.31, and std 1.63 and 1.95. */
#include "awaits/collection.h"

#include "awaits/future-types.h"

/* `count` elements behind each other. */
static bool each_in_row(struct target *target, uint64_t address, uint64_t count, struct type *type,
			collection_see *see, void *arg)
{
	uint64_t limit = count < COLLECTION_LIMIT ? count : COLLECTION_LIMIT;

	if (type->size)
		peek_object(target->peek, address, limit * type->size);
	for (uint64_t i = 0; i < limit; i++)
		if (!see(arg, &(struct value){type, address + i * type->size}))
			return true;
	return limit == count;
}

static bool each_of_vec(struct target *target, const struct value *vec, struct type *element,
			collection_see *see, void *arg)
{
	struct value pointer;
	uint64_t count, address;

	if (!value_number_at(target, vec, "len", &count))
		return false;
	return !count || (value_first_pointer(target, vec, &pointer) &&
			  peek_pointer(target->peek, pointer.address, &address) &&
			  each_in_row(target, address, count, element, see, arg));
}

static bool each_of_slice(struct target *target, const struct value *slice, struct type *element,
			  collection_see *see, void *arg)
{
	uint64_t count, address;

	if (!value_number_at(target, slice, "length", &count))
		return false;
	return !count ||
	       (peek_pointer(target->peek, slice->address + type_member(slice->type, "data_ptr")->offset,
			     &address) &&
		each_in_row(target, address, count, element, see, arg));
}

/* FuturesUnordered { head_all: AtomicPtr<Task>, .. }; Task { future: UnsafeCell<Option<T>>, next_all, .. } */
static bool each_of_unordered(struct target *target, const struct value *set, collection_see *see, void *arg)
{
	struct value at, pointer, task, future;
	unsigned seen = 0;

	if (!value_at(target, set, "head_all", &at))
		return false;
	while (value_first_pointer(target, &at, &pointer)) {
		uint64_t address;

		if (!peek_pointer(target->peek, pointer.address, &address))
			return true; /* the end of the list */
		if (seen++ >= COLLECTION_LIMIT || !value_pointee(target, &pointer, &task) ||
		    !value_at(target, &task, "future", &future))
			return false;
		if (!see(arg, &future))
			return true;
		if (!value_at(target, &task, "next_all", &at))
			return false;
	}
	return false;
}

/* LinkedList { head: Option<NonNull<ListEntry<T>>>, .. }; ListEntry { pointers, value, .. } */
static bool each_of_list(struct target *target, const struct value *list, collection_see *see, void *arg)
{
	struct value at, pointer, entry, value;
	unsigned seen = 0;

	if (!value_at(target, list, "head", &at))
		return false;
	/* The pointer's type is that of its entry only where it is in `Some`; None is a null pointer. */
	while (value_first_pointer(target, &at, &pointer)) {
		if (seen++ >= COLLECTION_LIMIT || !value_pointee(target, &pointer, &entry) ||
		    !value_at(target, &entry, "value", &value))
			return false;
		if (!see(arg, &value))
			return true;
		if (!value_named(target, &entry, "next", &at))
			return false;
	}
	return true;
}

/* IdleNotifiedSet { lists: Arc<Mutex<ListsInner { notified, idle, .. }>>, .. } */
static bool each_of_idle_set(struct target *target, const struct value *set, collection_see *see, void *arg)
{
	struct value lists, pointer, inner, list;

	return value_at(target, set, "lists", &lists) && value_first_pointer(target, &lists, &pointer) &&
	       value_pointee(target, &pointer, &inner) && value_named(target, &inner, "notified", &list) &&
	       each_of_list(target, &list, see, arg) && value_named(target, &inner, "idle", &list) &&
	       each_of_list(target, &list, see, arg);
}

/* Shared { inner: Option<Arc<Inner { future_or_output, .. }>> } */
static bool each_of_shared(struct target *target, const struct value *shared, collection_see *see, void *arg)
{
	struct value pointer, inner, future;

	if (!value_first_pointer(target, shared, &pointer) || !value_pointee(target, &pointer, &inner) ||
	    !value_named(target, &inner, "future_or_output", &future))
		return false;
	see(arg, &future);
	return true;
}

bool collection_each(struct target *target, const struct value *collection, collection_see *see, void *arg)
{
	struct type *element;
	enum collection_kind kind = collection_kind(target->types, collection->type, &element);

	switch (element ? kind : COLLECTION_NONE) {
	case COLLECTION_VEC:
		return each_of_vec(target, collection, element, see, arg);
	case COLLECTION_SLICE:
		return each_of_slice(target, collection, element, see, arg);
	case COLLECTION_UNORDERED:
		return each_of_unordered(target, collection, see, arg);
	case COLLECTION_IDLE_SET:
		return each_of_idle_set(target, collection, see, arg);
	case COLLECTION_SHARED:
		return each_of_shared(target, collection, see, arg);
	case COLLECTION_NONE:
		break;
	}
	return false;
}
