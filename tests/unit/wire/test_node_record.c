/* test_node_record.c - the layout of a node's record: one encoding, nothing else read. */
#include "wire/node_record.h"

#include "support/check.h"

static const struct node_neighbour two[] = {
	{ .id = { { 1 } }, .cost = 1, .rtt_class = 9, .local = true },
	{ .id = { { 2 } }, .cost = 4096, .rtt_class = 0x7f },
};

static struct node_record example(void)
{
	return (struct node_record){ .ed = { 1, 2 }, .x = { 3 }, .credential = { 4 },
	                             .stamp = { 77, 300 }, .role = LENO_ENDPOINT,
	                             .message_max = 1 << 26, .name = bytes_text("caf\xc3\xa9"),
	                             .n_labels = 2,
	                             .labels = { bytes_text("a=b"), bytes_text("") },
	                             .extensions = bytes_text("\7\5later") };
}

static struct bytes encode(uint8_t *buf, size_t capacity, const struct node_record *n,
                           const struct node_neighbour *neighbours, size_t count)
{
	static const uint8_t signature[NODE_SIGNATURE] = { 5 };
	struct writer w = writer_of(buf, capacity);

	node_record_write(&w, n, neighbours, count);
	write_bytes(&w, signature, sizeof signature);
	return writer_bytes(&w);
}

TEST(what_is_written_is_read)
{
	uint8_t buf[1024];
	struct node_record in = example(), out, head;
	struct bytes raw = encode(buf, sizeof buf, &in, two, 2);
	struct reader r;

	REQUIRE(node_record_read(raw, &out));
	REQUIRE(node_record_peek(raw, &head));
	CHECK_BYTES(out.ed, in.ed, 32);
	CHECK_BYTES(head.x, in.x, 32);
	CHECK_BYTES(out.credential, in.credential, 16);
	CHECK_EQ(node_stamp_order(out.stamp, in.stamp), 0);
	CHECK_EQ(node_stamp_order(head.stamp, in.stamp), 0);
	CHECK_EQ(out.role, LENO_ENDPOINT);
	CHECK(!out.goodbye);
	CHECK_EQ(out.message_max, 1 << 26);
	CHECK(bytes_same(out.name, in.name));
	CHECK_EQ(out.n_labels, 2);
	CHECK(bytes_same(out.labels[0], in.labels[0]));
	CHECK(bytes_same(out.extensions, in.extensions));
	CHECK_EQ(out.covered.size + NODE_SIGNATURE, raw.size);
	CHECK_EQ(out.signature[0], 5);
	REQUIRE(out.n_neighbours == 2);
	r = reader_of(out.neighbours);
	for (int i = 0; i < 2; i++) {
		struct node_neighbour n = node_record_neighbour(&r);

		CHECK(leno_id_same(&n.id, &two[i].id));
		CHECK_EQ(n.cost, two[i].cost);
		CHECK_EQ(n.rtt_class, two[i].rtt_class);
		CHECK_EQ(n.local, two[i].local);
	}
	CHECK(read_end(&r));
}

TEST(no_shorter_or_longer_record_is_read)
{
	uint8_t buf[1024];
	struct node_record in = example(), out;
	struct bytes raw = encode(buf, sizeof buf, &in, two, 2);

	for (size_t size = 0; size < raw.size; size++)
		CHECK(!node_record_read(bytes_of(buf, size), &out));
	CHECK(!node_record_read(bytes_of(buf, raw.size + 1), &out));
}

static void change(struct node_record *n, struct node_neighbour *list, int what)
{
	static char long_name[NAME_MAX_ + 2];

	memset(long_name, 'x', NAME_MAX_ + 1);
	switch (what) {
	case 0: n->stamp.version = 0; break;
	case 1: n->name = bytes_of(long_name, NAME_MAX_ + 1); break;
	case 2: n->name = bytes_text("a\x1b[2J"); break;
	case 3: n->name = bytes_of("a\0b", 3); break;
	case 4: n->labels[0] = bytes_text("\xff"); break;
	case 5: list[1].id = list[0].id; break;
	case 6: list[0].id.bytes[0] = 9; break;
	case 7: list[0].cost = 0; break;
	case 8: n->goodbye = true; break;
	case 9: n->role = (enum leno_role)4; break;
	case 10: n->stamp.incarnation = INCARNATION_MAX + 1; break;
	}
}

TEST(what_breaks_a_rule_is_refused)
{
	static const char *const why[] = {
		"versions begin at 1", "a name too long", "a name with an escape", "a name with a NUL",
		"a label that is no UTF-8", "one neighbour twice", "neighbours out of order",
		"a cost of nothing", "a goodbye that lists neighbours", "no such role",
		"an incarnation that no varint holds",
	};

	for (int i = 0; i < 11; i++) {
		uint8_t buf[1024];
		struct node_record n = example(), out;
		struct node_neighbour list[2] = { two[0], two[1] };

		CHECK_ROW(why[i]);
		change(&n, list, i);
		CHECK(!node_record_read(encode(buf, sizeof buf, &n, list, 2), &out));
	}
}

TEST(texts_are_utf8_without_controls)
{
	static const struct { const char *text; bool ok; const char *why; } rows[] = {
		{ "", true, "nothing" },
		{ "plain ~", true, "ASCII" },
		{ "\xe2\x82\xac \xf0\x9f\x90\x9d", true, "three and four bytes" },
		{ "\n", false, "a control character" },
		{ "\x7f", false, "DEL" },
		{ "\xc2\x85", false, "a control character of two bytes" },
		{ "\xc0\xaf", false, "overlong" },
		{ "\xe0\x80\xaf", false, "overlong" },
		{ "\xf0\x80\x80\xaf", false, "overlong" },
		{ "\xed\xa0\x80", false, "a surrogate" },
		{ "\xf4\x90\x80\x80", false, "beyond Unicode" },
		{ "\xe2\x82", false, "cut" },
		{ "\x80", false, "a tail alone" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(node_text_ok(bytes_text(rows[i].text), 63), rows[i].ok);
	}
	CHECK_ROW("size");
	CHECK(!node_text_ok(bytes_text("four"), 3));
}

TEST(the_largest_record_fits)
{
	static uint8_t buf[NODE_RECORD_MAX];
	static struct node_neighbour list[NEIGHBOURS_MAX];
	char text[63];
	struct node_record n = example(), out;
	struct bytes raw;

	memset(text, 'x', sizeof text);
	n.stamp = (struct node_stamp){ INCARNATION_MAX, UINT32_MAX };
	n.message_max = UINT32_MAX;
	n.name = bytes_of(text, NAME_MAX_);
	n.n_labels = LABELS_MAX;
	for (int i = 0; i < LABELS_MAX; i++)
		n.labels[i] = bytes_of(text, LABEL_MAX);
	for (int i = 0; i < NEIGHBOURS_MAX; i++)
		list[i] = (struct node_neighbour){ .id = { { (uint8_t)i } }, .cost = NODE_COST_MAX };
	raw = encode(buf, sizeof buf, &n, list, NEIGHBOURS_MAX);
	CHECK(node_record_read(raw, &out));
	CHECK_EQ(out.n_neighbours, NEIGHBOURS_MAX);
}

TEST_MAIN(TEST_CASE(what_is_written_is_read), TEST_CASE(no_shorter_or_longer_record_is_read),
          TEST_CASE(what_breaks_a_rule_is_refused), TEST_CASE(texts_are_utf8_without_controls),
          TEST_CASE(the_largest_record_fits))
