/* test_progress.c - times and lines, as a person reads them. */
#include "support/check.h"

#include "output.h"
#include "progress.h"

enum { SECOND = 1000000, MIB = 1024 * 1024 };

TEST(times)
{
	char text[TIME_TEXT];

	CHECK_STR(seconds_text(-1, text), "-:--");
	CHECK_STR(seconds_text(0, text), "0:00");
	CHECK_STR(seconds_text(67, text), "1:07");
	CHECK_STR(seconds_text(3723, text), "1:02:03");
	CHECK_STR(seconds_text(100 * 3600, text), "100:00:00");
}

TEST(a_rate_follows_what_is_seen)
{
	struct rate r = { 0 };

	CHECK_EQ(rate_left_s(&r, 100), -1);
	for (int i = 0; i <= 50; i++)
		rate_see(&r, SECOND + i * SECOND / 5, (uint64_t)i * MIB / 5);
	CHECK(r.per_s > 0.99 * MIB && r.per_s < 1.01 * MIB);
	CHECK_EQ(rate_left_s(&r, 10 * MIB), 10);

	/* It stops: after a while nobody believes in an end any more. */
	for (int i = 0; i < 1000; i++)
		rate_see(&r, 12 * SECOND + i * SECOND, 10 * MIB);
	CHECK_EQ(rate_left_s(&r, 10 * MIB), -1);

	/* The same moment twice says nothing. */
	rate_see(&r, 12 * SECOND + 999 * (int64_t)SECOND, 20 * MIB);
	CHECK(r.per_s < 1);
}

TEST(a_line_fits_whatever_the_terminal)
{
	static const char *const names[] = {
		"f", "a film of a journey.mkv",
		"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc",
		"a name that is longer than any line could ever be, "
		"so that there is no room for it, however wide it is, "
		"and it must be cut somewhere"
	};
	char line[PROGRESS_LINE];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		for (unsigned columns = 20; columns <= 300; columns += 7) {
			struct progress p = { .name = names[i],
				              .bytes = 50 * MIB,
				              .size = 100 * MIB,
				              .per_s = MIB,
				              .left_s = 50 };

			CHECK(text_columns(progress_line(&p, columns, line)) <= columns);
			if (columns >= 60)
				CHECK(strstr(line, " 50%") && strstr(line, "0:50 left"));
			p.what = "checking";
			CHECK(text_columns(progress_line(&p, columns, line)) <= columns);
		}
	}
}

TEST(a_line_says_all_of_it)
{
	struct progress p = {
		.name = "film", .bytes = 25 * MIB, .size = 100 * MIB, .per_s = 5 * MIB, .left_s = 15
	};
	char line[PROGRESS_LINE];

	CHECK_STR(progress_line(&p, 70, line),
	          "film [=====>              ]  25%   25.0 MiB    5.0 MiB/s     0:15 left");
	p.bytes = p.size;
	CHECK(strstr(progress_line(&p, 70, line), "100%") != NULL);
	p.size = p.bytes = 0;
	CHECK(strstr(progress_line(&p, 70, line), "100%") != NULL);
	p.size = 1ull << 60;
	p.bytes = p.size - 1;
	CHECK(strstr(progress_line(&p, 70, line), "100%") == NULL);
}

TEST_MAIN(TEST_CASE(times), TEST_CASE(a_rate_follows_what_is_seen),
          TEST_CASE(a_line_fits_whatever_the_terminal), TEST_CASE(a_line_says_all_of_it))
