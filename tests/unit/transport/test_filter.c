/* Stacks of filters, on one that counts in its head: it says a greeting, awaits one, and
 * from then on adds its number to each byte. */
#include "transport/filter.h"

#include "support/check.h"

struct adder {
	struct filter filter;
	uint8_t number;
	bool said, greeted, ending;
	uint8_t room[FILTER_HEAD + 1];
	int freed;
};

static struct span word(struct adder *a, uint8_t byte)
{
	a->room[FILTER_HEAD] = byte;
	return (struct span){ a->room + FILTER_HEAD, 1 };
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct adder *a = (struct adder *)f;

	if (size > 0 && !a->greeted) {
		if (data[0] != '?') {
			f->why = "it does not greet";
			return LENO_PROTOCOL;
		}
		a->greeted = true;
		data++;
		size--;
	}
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(data[i] - a->number);
	return size > 0 ? filter_take(f->inner, data, size, sink, user) : LENO_OK;
}

static struct span wrap(struct filter *f, struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		s.data[i] = (uint8_t)(s.data[i] + ((struct adder *)f)->number);
	return s;
}

static struct span say(struct filter *f)
{
	struct adder *a = (struct adder *)f;

	if (!a->said) {
		a->said = true;
		return word(a, '?');
	}
	if (a->ending) {
		a->ending = false;
		return word(a, '!');
	}
	return (struct span){ NULL, 0 };
}

static bool ready(const struct filter *f)
{
	const struct adder *a = (const struct adder *)f;

	return a->said && a->greeted;
}

static void finish(struct filter *f)
{
	((struct adder *)f)->ending = true;
}

static void release(struct filter *f)
{
	((struct adder *)f)->freed++;
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

static struct adder outer, inner;
static uint8_t heard[64];
static size_t n_heard;

static void hear(void *user, uint8_t *data, size_t size)
{
	memcpy(heard + n_heard, data, size);
	n_heard += size;
}

static struct filter *stack(void)
{
	outer = (struct adder){ .filter = { &ops, &inner.filter, NULL }, .number = 1 };
	inner = (struct adder){ .filter = { &ops, NULL, NULL }, .number = 10 };
	n_heard = 0;
	return &outer.filter;
}

static int feed(struct filter *f, const char *text)
{
	uint8_t copy[64];

	memcpy(copy, text, strlen(text));
	return filter_take(f, copy, strlen(text), hear, NULL);
}

static bool says(struct filter *f, const char *text)
{
	struct span s = filter_say(f);

	return s.size == strlen(text) && memcmp(s.data ? s.data : (uint8_t *)"", text, s.size) == 0;
}

TEST(without_filters_bytes_pass_as_they_are)
{
	uint8_t data[] = "plain";
	struct span s = filter_wrap(NULL, (struct span){ data, 5 });

	n_heard = 0;
	CHECK_EQ(feed(NULL, "plain"), 0);
	CHECK(n_heard == 5 && memcmp(heard, "plain", 5) == 0);
	CHECK(s.data == data && s.size == 5);
	CHECK(filter_ready(NULL));
	CHECK(says(NULL, ""));
	filter_finish(NULL);
	filter_free(NULL);
}

TEST(the_outer_handshake_comes_first_and_carries_the_inner_one)
{
	struct filter *f = stack();

	CHECK(says(f, "?"));                   /* the outer one's; the inner one has to wait */
	CHECK(says(f, ""));
	CHECK_EQ(feed(f, "?"), 0);
	CHECK(!filter_ready(f));
	CHECK(says(f, "@"));                   /* '?' of the inner one, wrapped: plus 1 */
	CHECK_EQ(feed(f, "@"), 0);
	CHECK(filter_ready(f));
	CHECK_EQ(n_heard, 0);
}

TEST(all_of_it_may_come_in_one_piece)
{
	struct filter *f = stack();

	CHECK_EQ(feed(f, "?@lmn"), 0);         /* 'a' + 1 + 10 is 'l' */
	CHECK(n_heard == 3 && memcmp(heard, "abc", 3) == 0);
}

TEST(what_is_wrapped_goes_through_both)
{
	uint8_t data[] = "abc";
	struct filter *f = stack();
	struct span s;

	outer.said = outer.greeted = inner.said = inner.greeted = true;
	s = filter_wrap(f, (struct span){ data, 3 });
	CHECK(s.size == 3 && memcmp(s.data, "lmn", 3) == 0);
}

TEST(the_inner_end_is_said_before_the_outer_one)
{
	struct filter *f = stack();

	outer.said = outer.greeted = inner.said = inner.greeted = true;
	filter_finish(f);
	CHECK(says(f, "\""));                  /* '!' wrapped */
	CHECK(says(f, "!"));
	CHECK(says(f, ""));
}

TEST(a_filter_that_is_not_ready_has_no_end_to_say)
{
	struct filter *f = stack();

	outer.said = outer.greeted = true;
	filter_finish(f);
	CHECK(says(f, "@"));                   /* the inner greeting, no end */
	CHECK(says(f, "!"));
}

TEST(an_inner_error_is_the_error_of_all)
{
	struct filter *f = stack();

	CHECK(!filter_why(f));
	CHECK_EQ(feed(f, "?x"), LENO_PROTOCOL);
	CHECK_STR(filter_why(f), "it does not greet");
	filter_free(f);
	CHECK_EQ(outer.freed + inner.freed, 2);
}

TEST_MAIN(TEST_CASE(without_filters_bytes_pass_as_they_are),
          TEST_CASE(the_outer_handshake_comes_first_and_carries_the_inner_one),
          TEST_CASE(all_of_it_may_come_in_one_piece),
          TEST_CASE(what_is_wrapped_goes_through_both),
          TEST_CASE(the_inner_end_is_said_before_the_outer_one),
          TEST_CASE(a_filter_that_is_not_ready_has_no_end_to_say),
          TEST_CASE(an_inner_error_is_the_error_of_all))
