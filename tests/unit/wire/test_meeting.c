/* What a meeting point is asked and says: read as it was written, and nothing else. */
#include "wire/meeting.h"

#include "support/check.h"

TEST(a_word_of_a_guest_is_read_as_it_was_written)
{
	struct meet in = { .topic = { 1, 2, 3 }, .seconds = 90, .blob = bytes_text("sealed") }, out;
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);

	meet_write(&w, &in);
	REQUIRE(meet_read(writer_bytes(&w), &out));
	CHECK_BYTES(out.topic, in.topic, TOPIC_SIZE);
	CHECK_EQ(out.seconds, 90);
	CHECK(bytes_same(out.blob, in.blob));
	for (size_t cut = 0; cut < writer_size(&w); cut++)
		CHECK(!meet_read(bytes_of(buf, cut), &out));
	write_u8(&w, 0);
	CHECK(!meet_read(writer_bytes(&w), &out));
	w = writer_of(buf, sizeof buf);
	in.seconds = MEET_TTL_S + 1;
	meet_write(&w, &in);
	CHECK(!meet_read(writer_bytes(&w), &out));
}

TEST(an_answer_is_read_as_it_was_written_the_largest_too)
{
	static uint8_t blob[MEET_BLOB + 1], seen[MEET_SEEN + 1], buf[RECORD_FRAMES];
	struct met in = { .topic = { 4 }, .n = MET_MAX }, out;
	struct writer w = writer_of(buf, sizeof buf);

	for (size_t i = 0; i < in.n; i++)
		in.at[i] = (struct met_other){ bytes_of(seen, MEET_SEEN), bytes_of(blob, MEET_BLOB - i) };
	met_write(&w, &in);
	REQUIRE(!w.full && met_read(writer_bytes(&w), &out));
	CHECK_EQ(out.n, MET_MAX);
	for (size_t i = 0; i < in.n; i++)
		CHECK(bytes_same(out.at[i].blob, in.at[i].blob) && bytes_same(out.at[i].seen, in.at[i].seen));
	CHECK(!met_read(bytes_of(buf, writer_size(&w) - 1), &out));
	buf[TOPIC_SIZE]++;
	CHECK(!met_read(writer_bytes(&w), &out));

	w = writer_of(buf, sizeof buf);
	in.n = 1;
	in.at[0].blob = bytes_of(blob, sizeof blob);
	met_write(&w, &in);
	CHECK(!met_read(writer_bytes(&w), &out));
	w = writer_of(buf, sizeof buf);
	in.at[0] = (struct met_other){ bytes_of(seen, sizeof seen), bytes_of(blob, 1) };
	met_write(&w, &in);
	CHECK(!met_read(writer_bytes(&w), &out));
}

TEST_MAIN(TEST_CASE(a_word_of_a_guest_is_read_as_it_was_written),
          TEST_CASE(an_answer_is_read_as_it_was_written_the_largest_too))
