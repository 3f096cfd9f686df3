/* Groups: what a record says of them, what is said by sessions, sealed frames, and messages
 * that are put together from pieces: what can be read is written again as it was, and no more
 * comes out than was announced. */
#include <string.h>

#include "group/channel.h"
#include "group/piece.h"
#include "message/broadcast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void find(struct bytes input)
{
	uint8_t tag[GROUP_TAG_SIZE] = { 0 }, buf[MEMBERSHIP_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct membership m;

	bytes_copy(tag, input.data, input.size < sizeof tag ? input.size : sizeof tag);
	if (!membership_find(input, tag, &m))
		return;
	membership_write(&w, &m);
	require(!w.full && memcmp(m.tag, tag, sizeof tag) == 0);
	require(writer_size(&w) <= input.size &&
	        memcmp(buf, input.data, writer_size(&w)) == 0);   /* the first has this tag */
}

static void words(struct bytes input)
{
	static uint8_t buf[GROUP_INVITATION_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct group_invitation i;
	struct group_one one;

	if (read_group_one(input, &one)) {
		write_group_one_head(&w, &one);
		require(!w.full && writer_size(&w) - 1 + one.data.size == input.size);
		require(memcmp(buf + 1, input.data, writer_size(&w) - 1) == 0);
	}
	w = writer_of(buf, sizeof buf);
	if (read_group_invitation(input, &i)) {
		write_group_invitation(&w, &i);
		require(!w.full && bytes_same(bytes_of(buf + 1, writer_size(&w) - 1), input));
	}
}

static void frame(struct bytes input)
{
	struct reader r = reader_of(input);
	struct cast c;

	read_channel(&r);
	if (!r.bad && read_cast_near(bytes_of(r.at, reader_left(&r)), &c)) {
		require(c.behind < c.first && c.count > 0 && cast_items_good(&c));
		require(c.items.data + c.items.size == input.data + input.size);
	}
	if (r.bad || !read_cast_sealed(bytes_of(r.at, reader_left(&r)), &c))
		return;
	require(c.items.size > CAST_SEAL && c.behind < c.first && c.count > 0);
	require(c.items.data + c.items.size + CAST_SIGNATURE == input.data + input.size);
	cast_items_good(&c);
}

/* Items, a size and as many bytes each, as they would come from one source. */
static void pieces(struct bytes input)
{
	enum { MOST = 4096 };
	static uint8_t buf[MOST + LENO_TYPE_MAX];
	struct reader r = reader_of(input);
	struct assembly a = { 0 };
	struct bytes type, whole;

	while (reader_left(&r) > 0 && !r.bad) {
		struct bytes item = read_sized(&r, 255);
		struct piece p;

		if (r.bad || !read_piece(item, &p))
			continue;
		if (p.kind == PIECE_FIRST || p.kind == PIECE_WHOLE)
			a = (struct assembly){ 0 };
		switch (assembly_take(&a, bytes_text("type"), &p, &type, &whole)) {
		case ASSEMBLY_ROOM:
			if (p.total <= MOST)
				assembly_begin(&a, buf, bytes_text("type"), &p);
			break;
		case ASSEMBLY_WHOLE:
			require(bytes_same(type, bytes_text("type")));
			require(p.kind == PIECE_WHOLE ? bytes_same(whole, p.data)
			                              : whole.size == a.size && a.have == a.size);
			a = (struct assembly){ 0 };
			break;
		case ASSEMBLY_BAD:
			a = (struct assembly){ 0 };
			break;
		case ASSEMBLY_PART:
			require(!a.bytes || a.have < a.size);
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = bytes_of(data, size);

	find(input);
	words(input);
	frame(input);
	pieces(input);
	return 0;
}
