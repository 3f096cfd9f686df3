/* test_copy_frame.c - what two ends of a copy say, to bytes and back. */
#include "support/check.h"

#include "copy_frame.h"

static const struct frame frames[] = {
	{ .kind = FRAME_WANT, .path = "a/b" },
	{ .kind = FRAME_OFFER,
	  .size = 1ull << 40,
	  .mode = 0755,
	  .flags = OFFER_FORCE,
	  .path = "c" },
	{ .kind = FRAME_OFFER, .path = "" },
	{ .kind = FRAME_HAVE, .size = 77, .sum = { 1, 2, 3 } },
	{ .kind = FRAME_FROM, .size = UINT64_MAX },
	{ .kind = FRAME_END, .sum = { 9 } },
	{ .kind = FRAME_DONE },
	{ .kind = FRAME_ALIVE },
};

TEST(each_comes_back_as_it_was)
{
	uint8_t bytes[FRAME_MAX];
	struct frame got;

	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		size_t n = frame_write(bytes, &frames[i]);

		CHECK(n >= FRAME_HEAD && n <= FRAME_MAX);
		CHECK_EQ(frame_body(bytes), n - FRAME_HEAD);
		CHECK(frame_read(bytes, n, &got));
		CHECK_EQ(got.kind, frames[i].kind);
		CHECK(got.size == frames[i].size && got.mode == frames[i].mode);
		CHECK(got.flags == frames[i].flags);
		CHECK(memcmp(got.sum, frames[i].sum, sizeof got.sum) == 0);
		CHECK_STR(got.path, frames[i].path);
	}
}

TEST(a_layout_as_it_is_written_down)
{
	static const uint8_t wants[] = { 2, 0, 0, 0, 15, 0, 0,    0, 0,   0,
		                         0, 1, 0, 0, 0,  1, 0xa4, 1, 'h', 'i' };
	struct frame f = {
		.kind = FRAME_OFFER, .size = 256, .mode = 0644, .flags = 1, .path = "hi"
	};
	uint8_t bytes[FRAME_MAX];

	CHECK_EQ(frame_write(bytes, &f), sizeof wants);
	CHECK(memcmp(bytes, wants, sizeof wants) == 0);
}

TEST(what_is_no_frame_is_refused)
{
	uint8_t bytes[FRAME_MAX + 1] = { 0 };
	struct frame got, long_path = { .kind = FRAME_WANT };

	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		size_t n = frame_write(bytes, &frames[i]);

		for (size_t cut = 0; cut < n; cut++)
			CHECK(!frame_read(bytes, cut, &got));
		CHECK(!frame_read(bytes, n + 1, &got));
	}
	for (int kind = 0; kind < 256; kind++) {
		memset(bytes, 0xff, sizeof bytes);
		bytes[0] = (uint8_t)kind;
		CHECK_EQ(frame_body(bytes), -1); /* too long, or no kind */
	}
	memset(long_path.path, 'a', sizeof long_path.path - 1);
	CHECK_EQ(frame_write(bytes, &long_path), FRAME_HEAD + BENEATH_PATH_MAX - 1);
	CHECK(frame_read(bytes, FRAME_HEAD + BENEATH_PATH_MAX - 1, &got));
	CHECK_STR(got.path, long_path.path);
	bytes[FRAME_HEAD + 3] = '\0';
	CHECK(!frame_read(bytes, FRAME_HEAD + BENEATH_PATH_MAX - 1, &got)); /* a NUL in a name */
}

TEST_MAIN(TEST_CASE(each_comes_back_as_it_was), TEST_CASE(a_layout_as_it_is_written_down),
          TEST_CASE(what_is_no_frame_is_refused))
