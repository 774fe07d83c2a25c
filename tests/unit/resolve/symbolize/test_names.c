/* SPDX-License-Identifier: Apache-2.0 */
/* test_names.c - from symbols to the names people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/names.h"

struct pair {
	const char *in, *out;
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void demangles(void **state)
{
	static const struct {
		const char *symbol, *name;
		bool rust;
	} cases[] = {
		{"_ZN4demo3api4hash17h0123456789abcdefE", "demo::api::hash", true},
		{"_ZN4demo3api4hash28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
		 "demo::api::hash::{{closure}}", true},
		{"_ZN4demo3api4hash17h0123456789abcdefE.llvm.123456789", "demo::api::hash", true},
		{"_ZN4demo3api4hash17h0123456789abcdefE.cold", "demo::api::hash", true},
		{"_ZN4demo3api4hash17h0123456789abcdefE.cold.1", "demo::api::hash", true},
		{"_ZN59_$LT$demo..Conn$u20$as$u20$core..future..future..Future$GT$4poll17h0123456789abcdefE",
		 "<demo::Conn as core::future::future::Future>::poll", true},
		{"_RNvNtCs1234_4demo3api4hash", "demo::api::hash", true},
		{"_RNCNvNtCs1234_4demo3api4hash0", "demo::api::hash::{closure#0}", true},
		{"_RNvNtCs1234_4demo3api4hash.llvm.42", "demo::api::hash", true},
		{"_ZN3foo3barEi", "foo::bar", false},
		{"_ZN4demo10a$LT$b$GT$E", "demo::a<b>", false},
		{"epoll_wait", "epoll_wait", false},
		{"epoll_wait@@GLIBC_2.3.2", "epoll_wait", false},
		{"sort.part.0.constprop.1", "sort", false},
		{".text", ".text", false},
		{"_ZN", "_ZN", false},
		{"_R", "_R", false},
		{"", "", false},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool rust;
		char *name = demangle(cases[i].symbol, &rust);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(rust, cases[i].rust);
		free(name);
	}
}

static void shows_what_people_call_it(void **state)
{
	static const struct pair cases[] = {
		{"demo::api::hash", "demo::api::hash"},
		{"main", "main"},
		/* closures and async blocks are the function they are in */
		{"demo::api::hash::{{closure}}::{{closure}}", "demo::api::hash"},
		{"demo::api::hash::{closure#0}::{closure#1}", "demo::api::hash"},
		{"demo::api::hash::{async_fn#0}", "demo::api::hash"},
		{"demo::api::hash::{async_block#0}", "demo::api::hash"},
		{"demo::api::hash::{async_fn_env#0}<alloc::sync::Arc<demo::App>>", "demo::api::hash"},
		{"demo::api::hash::{closure_env#0}", "demo::api::hash"},
		{"demo::api::{impl#3}::hash::{async_fn#0}", "demo::api::hash"},
		{"core::ops::function::FnOnce::call_once{{vtable.shim}}",
		 "core::ops::function::FnOnce::call_once"},
		{"{closure#0}", "{closure#0}"},
		/* traits */
		{"<demo::Conn as core::future::future::Future>::poll", "<demo::Conn as Future>::poll"},
		{"<T as core::future::Future>::poll", "<T as Future>::poll"},
		{"demo::api::<impl core::future::future::Future for demo::Conn>::poll",
		 "<demo::Conn as Future>::poll"},
		{"<&mut demo::Conn as tokio::io::AsyncRead>::poll_read",
		 "<&mut demo::Conn as AsyncRead>::poll_read"},
		{"<demo::a::{closure#0} as core::ops::function::FnOnce<()>>::call_once",
		 "<demo::a as FnOnce<()>>::call_once"},
		{"<<demo::A as demo::B>::C as demo::D>::e", "<<demo::A as B>::C as D>::e"},
		/* inherent methods, legacy and v0 alike */
		{"<demo::Conn>::run", "demo::Conn::run"},
		{"demo::api::<impl demo::Conn>::run", "demo::Conn::run"},
		{"<demo::Pool<alloc::vec::Vec<u8>>>::get::{closure#0}", "demo::Pool::get"},
		{"<[u8]>::sort", "<[u8]>::sort"},
		{"alloc::slice::<impl [T]>::concat", "<[T]>::concat"},
		{"<dyn demo::Serve>::call", "<dyn demo::Serve>::call"},
		/* generic arguments */
		{"alloc::vec::Vec<T,A>::push", "alloc::vec::Vec::push"},
		{"<demo::Map<'a, K, V2> as core::clone::Clone>::clone", "<demo::Map as Clone>::clone"},
		{"<demo::Map<K,u8> as core::clone::Clone>::clone", "<demo::Map<K, u8> as Clone>::clone"},
		{"demo::run<u64>::{closure#0}", "demo::run"},
		{"<hashbrown::map::HashMap<u64, lab::work::Item, std::hash::random::RandomState>>::insert",
		 "hashbrown::map::HashMap::insert"},
		{"tokio::runtime::time::<impl tokio::runtime::time::handle::Handle>::reregister",
		 "tokio::runtime::time::handle::Handle::reregister"},
		{"demo::run::<alloc::vec::Vec<u8>>", "demo::run"},
		{"demo::run::<demo::api::hash::{closure#0}>::{closure#0}", "demo::run"},
		{"<demo::Map<core::option::Option<core::result::Result<alloc::vec::Vec<u8>, demo::E>>>>::get",
		 "demo::Map::get"},
		{"<demo::Map<core::option::Option<core::result::Result<alloc::vec::Vec<u8>, demo::E>>> as "
		 "demo::T>::get",
		 "<demo::Map<Option<Result<..>>> as T>::get"},
		/* as much as fits */
		{"<demo::Map<core::option::Option<demo::TypeWithALongName>, "
		 "core::option::Option<demo::AsLong>> as "
		 "demo::T>::get",
		 "<demo::Map<Option<..>, Option<..>> as T>::get"},
		{"<demo::Map<demo::TypeWithALongName, demo::AnotherTypeWithALongName> as demo::T>::get",
		 "<demo::Map as T>::get"},
		{"<demo::Call<fn(&alloc::string::String) -> alloc::vec::Vec<u8>>>::go", "demo::Call::go"},
		{"<demo::Array<[core::option::Option<u8>; 4], {core::mem::size}>>::go", "demo::Array::go"},
		{"<alloc::boxed::Box<dyn for<'a> core::ops::function::FnMut<(&'a demo::x::Y,), Output = ()> "
		 "+ "
		 "core::marker::Send> as demo::a::B>::c",
		 "<alloc::boxed::Box<dyn FnMut<..> + Send> as B>::c"},
		/* without sense */
		{"", ""},
		{"<", "<"},
		{">", ">"},
		{"<>", "<>"},
		{"a<b", "a<b"},
		{"a<b<c>", "a<b<c>"},
		{"a>::b", "a>::b"},
		{"{", "{"},
		{"a::{b", "a"},
		{"::", "::"},
		{"a::", "a::"},
		{"<a as ", "<a as "},
		{"operator<", "operator<"},
		/* functions that the compiler made to drop values */
		{"core::ptr::drop_in_place<demo::Cache>", "drop of demo::Cache"},
		{"core::ptr::drop_in_place<core::future::from_generator::GenFuture<demo::serve::{{closure}}>"
		 ">",
		 "drop of core::future::from_generator::GenFuture<serve>"},
		{"core::ptr::drop_in_place::<demo::serve::{closure#0}>", "drop of demo::serve"},
		{"core::ptr::drop_glue::<alloc::vec::Vec<demo::Item>>", "drop of alloc::vec::Vec<Item>"},
		{"core::ptr::drop_in_place<tokio::runtime::task::core::Stage<demo::serve::{{closure}}>>",
		 "(dropping the task)"},
		{"core::ptr::drop_in_place::<tokio::runtime::task::core::CoreStage<demo::Conn>>",
		 "(dropping the task)"},
		{"core::ptr::drop_in_place::<tokio::runtime::task::join::JoinHandle<demo::Conn>>",
		 "drop of tokio::runtime::task::join::JoinHandle<Conn>"},
		{"<alloc::sync::Arc<demo::Cache>>::drop_slow", "drop of demo::Cache"},
		{"alloc::sync::Arc<T,A>::drop_slow", "alloc::sync::Arc::drop_slow"},
		{"core::ptr::drop_in_place<demo::Cache", "core::ptr::drop_in_place<demo::Cache"},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *name = name_display(cases[i].in);
		assert_string_equal(name, cases[i].out);
		free(name);
	}
}

static void keeps_control_bytes(void **state)
{
	(void)state;
	char *name = name_display("a\033[31m\n::b\x80\xff");
	assert_string_equal(name, "a\033[31m\n::b\x80\xff");
	free(name);
}

static void bounds_long_names(void **state)
{
	size_t size = 100000;
	char *long_name = malloc(size + 1);
	(void)state;

	memset(long_name, 'x', size);
	long_name[size] = 0;
	long_name[0] = 'a';
	long_name[size - 1] = 'z';
	char *name = name_display(long_name);
	assert_true(strlen(name) <= NAME_LIMIT);
	assert_int_equal(name[0], 'a');
	assert_int_equal(name[strlen(name) - 1], 'z');
	assert_non_null(strstr(name, "..."));
	free(name);
	name = demangle(long_name, NULL);
	assert_true(strlen(name) <= NAME_WHOLE_LIMIT);
	free(name);

	/* The cut is not inside a multi-byte character. */
	for (size_t i = 0; i + 2 <= size; i += 2)
		memcpy(long_name + i, "\xc3\xa9", 2);
	name = name_display(long_name);
	char *dots = strstr(name, "...");
	assert_int_equal((dots - name) % 2, 0);
	assert_int_equal((unsigned char)dots[3], 0xc3);
	free(name);

	memset(long_name, '<', size);
	free(name_display(long_name));
	memset(long_name + size / 2, '>', size / 2);
	free(name_display(long_name));
	free(long_name);
}

/* Each tuple contains the previous one twice: 60 of them would be 2^60 names. */
static void bounds_exploding_names(void **state)
{
	char symbol[2048] = "_RINvC1a1fTmmE";
	size_t length = strlen(symbol), last = 8; /* where the last tuple starts, after the _R */
	(void)state;

	for (int i = 0; i < 60; i++) {
		char number[16] = "_"; /* base 62, one less than the number; 0 is empty */
		if (last > 0) {
			static const char digits[] =
				"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
			size_t value = last - 1, at = sizeof(number) - 2;
			number[at + 1] = 0;
			number[at] = '_';
			do
				number[--at] = digits[value % 62];
			while ((value /= 62) > 0);
			memmove(number, number + at, strlen(number + at) + 1);
		}
		size_t start = length - 2;
		length += (size_t)snprintf(symbol + length, sizeof(symbol) - length, "TB%sB%sE", number,
					   number);
		last = start;
	}
	snprintf(symbol + length, sizeof(symbol) - length, "E");
	bool rust;
	char *name = demangle(symbol, &rust);
	assert_true(rust);
	assert_true(strlen(name) < NAME_WHOLE_LIMIT);
	assert_memory_equal(name, "a::f::<(u32, u32), ((u32, u32), (u32, u32))", 43);
	char *display = name_display(name);
	assert_true(strlen(display) <= NAME_LIMIT);
	free(display);
	free(name);
}

/* Any bytes of a symbol give a name of limited length; the sanitizers watch. */
static void survives_noise(void **state)
{
	static const char alphabet[] = "_ZNRCBTEI017h<>{}:$.,a \xc3#'-&*()[]@";
	unsigned seed = 1;
	(void)state;

	for (int i = 0; i < 100000; i++) {
		char symbol[48] = "_R";
		size_t length = 0;
		if (i % 3 == 0)
			length = 2;
		if (i % 3 == 1)
			memcpy(symbol, "_ZN", length = 3);
		while (length < sizeof(symbol) - 1) {
			seed = seed * 1103515245 + 12345;
			symbol[length++] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		symbol[length] = 0;
		char *name = demangle(symbol, NULL);
		char *display = name_display(name);
		size_t generics;
		name_generics(name, &generics);
		name_polled(name, &generics);
		if (name_arguments(name, &generics))
			assert_true(generics < strlen(name));
		free(name_future(name, strlen(name)));
		assert_true(strlen(display) <= NAME_LIMIT);
		free(display);
		free(name);
	}
}

static void finds_generics(void **state)
{
	static const struct pair cases[] = {
		{"poll<gt::handler::{async_fn_env#0}, alloc::sync::Arc<X>>",
		 "gt::handler::{async_fn_env#0}, alloc::sync::Arc<X>"},
		{"poll<fn(T) -> U>", "fn(T) -> U"},
		{"poll", NULL},
		{"operator<", NULL},
		{"<T as Trait>::poll", NULL},
		{"a<b>c<d>", NULL},
		{"poll<>", NULL},
		{"", NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = 0;
		const char *generics = name_generics(cases[i].in, &length);
		if (!cases[i].out) {
			assert_null(generics);
			continue;
		}
		assert_int_equal(length, strlen(cases[i].out));
		assert_memory_equal(generics, cases[i].out, length);
	}
}

static void names_futures(void **state)
{
	static const struct pair cases[] = {
		{"lab::handlers::upload::{async_fn_env#0}, alloc::sync::Arc<tokio::Handle>",
		 "lab::handlers::upload"},
		{"lab::handlers::upload::{closure#0}, alloc::sync::Arc<tokio::Handle>",
		 "lab::handlers::upload"},
		{"lab::handlers::generic::{async_fn_env#0}<lab::work::Item>, S", "lab::handlers::generic"},
		{"lab::handlers::generic<lab::work::Item>::{closure#0}, S", "lab::handlers::generic"},
		{"lab::handlers::Busy", "lab::handlers::Busy"},
		{"hyper::server::server::new_svc::NewSvcTask<hyper::server::tcp::addr_stream::AddrStream, "
		 "lab::serve::{async_fn#0}::{closure#0}::{async_block_env#0}, "
		 "hyper::service::util::ServiceFn<fn(http::request::Request<hyper::body::body::Body>) -> "
		 "lab::handlers::route::{async_fn_env#0}, hyper::body::body::Body>, "
		 "hyper::common::exec::Exec, hyper::server::server::NoopWatcher>, S",
		 "hyper::server::server::new_svc::NewSvcTask"},
		{"tracing::instrument::Instrumented<lab::serve::{async_block_env#0}>, S", "lab::serve"},
		{"core::future::from_generator::GenFuture<lab::main::{async_block#0}::{async_block_env#0}>, "
		 "S",
		 "lab::main"},
		{"core::future::from_generator::GenFuture<lab::main::{async_block#0}::{async_block_env#2}>, "
		 "S",
		 "lab::main#2"},
		{"lab::main::{closure#0}::{closure#1}, S", "lab::main#1"},
		{"lab::main::{async_block_env#1}<lab::Pool, u8>, S", "lab::main#1"},
		{"core::pin::Pin<alloc::boxed::Box<lab::serve::{async_fn_env#0}, alloc::alloc::Global>>, S",
		 "lab::serve"},
		/* not known */
		{"core::pin::Pin<alloc::boxed::Box<dyn core::future::future::Future<Output=()>, A>>, S",
		 NULL},
		{"T,S", NULL},
		{"", NULL},
		{"core::pin::Pin<", NULL},
		{"core::pin::Pin<>", NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *name = name_future(cases[i].in, strlen(cases[i].in));
		if (!cases[i].out)
			assert_null(name);
		else
			assert_string_equal(name, cases[i].out);
		free(name);
	}
}

/* Two questions about a function's name: whose poll it is, and its generic arguments. */
static void finds_types_in_names(void **state)
{
	static const struct {
		const char *function, *polled, *arguments;
	} cases[] = {
		{"<lab::handlers::Busy as core::future::future::Future>::poll", "lab::handlers::Busy", NULL},
		{"<hyper::server::server::new_svc::NewSvcTask<I,N,S,E,W> as "
		 "core::future::future::Future>::poll",
		 "hyper::server::server::new_svc::NewSvcTask<I,N,S,E,W>", NULL},
		{"lab::busy::<impl core::future::future::Future for lab::handlers::Busy>::poll",
		 "lab::handlers::Busy", NULL},
		{"<lab::Read as tokio::io::AsyncRead>::poll", NULL, NULL},
		{"lab::busy::<impl tokio::io::AsyncRead for lab::handlers::Busy>::poll", NULL, NULL},
		{"<lab::Busy>::poll", NULL, NULL},
		{"<tokio::runtime::task::harness::Harness<lab::upload::{closure#0}, S>>::poll", NULL,
		 "lab::upload::{closure#0}, S"},
		{"<tokio::runtime::task::core::Core<lab::upload::{closure#0}, S>>::poll::{closure#0}", NULL,
		 "lab::upload::{closure#0}, S"},
		{"tokio::runtime::task::raw::poll::<lab::upload::{closure#0}, S>", NULL,
		 "lab::upload::{closure#0}, S"},
		{"tokio::runtime::task::core::Core<T,S>::poll", NULL, "T,S"},
		{"tokio::runtime::task::raw::poll", NULL, NULL},
		{"::poll", NULL, NULL},
		{"<::poll", NULL, NULL},
		{"<impl ::poll", NULL, NULL},
		{"a<impl >::poll", NULL, NULL},
		{"", NULL, NULL},
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = 0;
		const char *polled = name_polled(cases[i].function, &length);
		if (cases[i].polled) {
			assert_non_null(polled);
			assert_int_equal(length, strlen(cases[i].polled));
			assert_memory_equal(polled, cases[i].polled, length);
		} else {
			assert_null(polled);
		}
		const char *arguments = name_arguments(cases[i].function, &length);
		if (cases[i].arguments) {
			if (!arguments)
				fail_msg("%s has arguments", cases[i].function);
			assert_int_equal(length, strlen(cases[i].arguments));
			assert_memory_equal(arguments, cases[i].arguments, length);
		} else {
			assert_null(arguments);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(demangles),
		cmocka_unit_test(shows_what_people_call_it),
		cmocka_unit_test(keeps_control_bytes),
		cmocka_unit_test(bounds_long_names),
		cmocka_unit_test(bounds_exploding_names),
		cmocka_unit_test(survives_noise),
		cmocka_unit_test(finds_generics),
		cmocka_unit_test(names_futures),
		cmocka_unit_test(finds_types_in_names),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
