/* Broadcasts: the readers of frames and of what comes by sessions; and what one has heard
 * of a source, under frames, fragments and repairs in any order: each item comes out once
 * and in order, nothing is held beyond its bound, and no reference is left at the end. */
#include <string.h>

#include "message/aired.h"
#include "message/heard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static struct budget store;
static struct heard h;
static uint64_t last;
static volatile uint8_t sum;

static void read_all(struct bytes input)
{
	struct cast_ack ack;
	struct cast c;
	uint8_t buf[CAST_HEAD_MAX];
	struct writer w = writer_of(buf, sizeof buf);

	if (read_cast(input, &c)) {
		write_cast_head(&w, &c);
		require(!w.full && c.items.data == input.data + writer_size(&w));
		require(bytes_same(writer_bytes(&w), bytes_of(input.data, writer_size(&w))));
		require(c.behind < c.first && c.count > 0);
	}
	w = writer_of(buf, sizeof buf);
	switch (read_cast_by_session(input, &ack, &c)) {
	case CAST_ACK:
		write_cast_ack(&w, &ack);
		require(bytes_same(writer_bytes(&w), input));
		break;
	case CAST_ITEMS:
		write_cast_items_head(&w, c.incarnation, c.first, c.count);
		require(bytes_same(writer_bytes(&w), bytes_of(input.data, writer_size(&w))));
		break;
	default:
		break;
	}
}

static void hand_out(void)
{
	struct bytes type, data;
	struct cast_ack ack;

	while (heard_next(&h, &type, &data)) {
		require(h.next - 1 > last);
		last = h.next - 1;
		require(type.size <= LENO_TYPE_MAX && data.size <= BROADCAST_MAX);
		for (size_t i = 0; i < data.size; i++)
			sum = (uint8_t)(sum + data.data[i]);  /* it can be read */
		for (size_t i = 0; i < type.size; i++)
			require(type.data[i] != 0);
	}
	heard_rest(&h);
	heard_ack(&h, &ack);
	require(h.n_held <= HELD_MAX && store.used <= store.max);
	require(ack.seq == (h.next ? h.next - 1 : 0) && (ack.want == 0 || ack.want > ack.seq));
}

/* A frame, whole (its items are small) or a fragment of what the input says. */
static void frame(struct reader *r, bool fragment)
{
	static uint8_t buf[CAST_FRAME_MAX];
	struct writer w = writer_of(buf, sizeof buf - CAST_SIGNATURE);
	uint64_t at = h.next > 4 && h.next < INT64_MAX / 2 ? h.next - 4 : 0;
	struct cast c = { .number = read_u8(r) + UINT64_C(1), .first = at + read_u8(r) % 16 };
	struct parcel *p;

	c.behind = read_u8(r) % 8;
	c.count = fragment ? 1 : read_u8(r) % 4;
	c.fragments = fragment ? 2 + read_u8(r) % 3u : 0;
	c.fragment = fragment ? read_u8(r) % 4 : 0;
	write_cast_head(&w, &c);
	for (uint32_t i = 0; !fragment && i < c.count; i++) {
		write_sized(&w, bytes_text("t"));
		write_sized(&w, read_sized(r, 32));
	}
	if (fragment) {
		struct bytes b = read_sized(r, 255);

		write_bytes(&w, b.data, b.size);
	}
	if (w.full || !read_cast(bytes_of(buf, writer_size(&w) + CAST_SIGNATURE), &c))
		return;
	if (!heard_fresh(&h, c.number) && read_u8(r) % 2)
		return;
	heard_mark(&h, c.number);
	require(!heard_fresh(&h, c.number));
	p = parcel_new(&store, writer_size(&w) + CAST_SIGNATURE);
	if (!p)
		return;
	memcpy(p->bytes, buf, p->size);
	read_cast(bytes_of(p->bytes, p->size), &c);
	heard_take(&h, &c, p);
	hand_out();
	parcel_drop(p);
}

static void repair(struct reader *r)
{
	static uint8_t buf[4096];
	struct writer w = writer_of(buf, sizeof buf);
	uint32_t count = read_u8(r) % 8;
	struct cast_ack ack;
	struct cast c;

	write_cast_items_head(&w, 0, (h.next < INT64_MAX / 2 ? h.next : 0) + read_u8(r) % 4, count);
	for (uint32_t i = 0; i < count; i++) {
		write_sized(&w, bytes_text("t"));
		write_sized(&w, bytes_of(NULL, 0));
	}
	if (read_cast_by_session(writer_bytes(&w), &ack, &c) != CAST_ITEMS)
		return;
	heard_take_items(&h, &c);
	hand_out();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	leno_id id = { { 0 } };

	read_all(bytes_of(data, size));
	store = (struct budget){ .max = 4096 };
	heard_init(&h, &id, 0, &store);
	last = 0;
	while (reader_left(&r) > 0 && !r.bad) {
		switch (read_u8(&r) % 8) {
		case 0: repair(&r); break;
		case 1: case 2: frame(&r, true); break;
		case 3: if (read_u8(&r) % 16 == 0) heard_let_go(&h); break;
		default: frame(&r, false); break;
		}
	}
	heard_clear(&h);
	require(store.used == 0);
	return 0;
}
