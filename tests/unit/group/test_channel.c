/* What is said to one of a group, and invitations: read as written, cut or too long never. */
#include "group/channel.h"

#include "support/check.h"

TEST(a_channel_is_read_as_it_was_written)
{
	const struct channel c = { .tag = { 1, 2, 3 }, .join = 70000 };
	uint8_t buf[CHANNEL_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct channel back;
	struct reader r;

	write_channel(&w, &c);
	r = reader_of(writer_bytes(&w));
	back = read_channel(&r);
	CHECK(read_end(&r));
	CHECK_BYTES(back.tag, c.tag, sizeof c.tag);
	CHECK_EQ(back.join, c.join);
	r = reader_of(bytes_of(buf, writer_size(&w) - 1));
	read_channel(&r);
	CHECK(r.bad);
}

TEST(a_word_to_one_is_read_as_it_was_written)
{
	const struct group_one one = { .from = { .tag = { 9 }, .join = 4, .proof = { 8 } },
	                               .type = bytes_text("word") };
	uint8_t buf[GROUP_ONE_MAX + 4];
	struct writer w = writer_of(buf, sizeof buf);
	struct group_one back;
	size_t head;

	write_group_one_head(&w, &one);
	CHECK_EQ(buf[0], GROUP_ONE);
	head = writer_size(&w) - 1;
	write_bytes(&w, "data", 4);
	REQUIRE(read_group_one(bytes_of(buf + 1, head + 4), &back));
	CHECK_EQ(back.from.join, 4);
	CHECK_BYTES(back.from.proof, one.from.proof, PROOF_SIZE);
	CHECK(bytes_same(back.type, one.type) && bytes_same(back.data, bytes_text("data")));
	CHECK(read_group_one(bytes_of(buf + 1, head), &back) && back.data.size == 0);
	for (size_t cut = 0; cut < head; cut++)
		CHECK(!read_group_one(bytes_of(buf + 1, cut), &back));
	buf[head] = 0;                         /* the type's last byte */
	CHECK(!read_group_one(bytes_of(buf + 1, head), &back));
}

TEST(an_invitation_has_a_key_and_a_note_that_fit)
{
	static uint8_t key[LENO_GROUP_KEY_MAX + 1], note[LENO_GROUP_NOTE_MAX + 1];
	static const struct {
		const char *why;
		size_t key, note;
		bool good;
	} rows[] = {
		{ "the least", 1, 0, true },
		{ "the most", LENO_GROUP_KEY_MAX, LENO_GROUP_NOTE_MAX, true },
		{ "no key", 0, 5, false },
		{ "a key too long", LENO_GROUP_KEY_MAX + 1, 0, false },
		{ "a note too long", 1, LENO_GROUP_NOTE_MAX + 1, false },
	};
	uint8_t buf[GROUP_INVITATION_MAX + 2];
	struct group_invitation back;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct writer w = writer_of(buf, sizeof buf);
		struct group_invitation in = { bytes_of(key, rows[i].key), bytes_of(note, rows[i].note) };

		CHECK_ROW(rows[i].why);
		write_group_invitation(&w, &in);
		CHECK_EQ(buf[0], GROUP_INVITATION);
		CHECK_EQ(read_group_invitation(bytes_of(buf + 1, writer_size(&w) - 1), &back),
		         rows[i].good);
		if (rows[i].good)
			CHECK(back.key.size == rows[i].key && back.note.size == rows[i].note);
	}
}

TEST_MAIN(TEST_CASE(a_channel_is_read_as_it_was_written),
          TEST_CASE(a_word_to_one_is_read_as_it_was_written),
          TEST_CASE(an_invitation_has_a_key_and_a_note_that_fit))
