/* A sender's books, and a peer that reports what it likes. Each step is an operation's byte
 * and its bytes:
 *
 *	0 send     u16 length, u8 skipped numbers    a packet goes out
 *	1 report   u8 size, a report's body          as FRAME_HEARD carries it
 *	2 time     u16 ms                            passes
 *	3 read     u32 offset                        the peer has read so far
 *	4 silence                                    was too long
 *	5 path     u8                                is another one
 *
 * Nothing crashes; what is in flight is what the ring says; ranges are sorted and apart; the
 * window keeps its bounds. */
#include <stdlib.h>

#include "session/report.h"
#include "session/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct books {
	struct recovery r;
	struct ranges again;
	struct congestion c;
	uint64_t number, offset, now_us;
};

static void require(bool good)
{
	if (!good)
		abort();
}

static void check(const struct books *b)
{
	uint64_t in_flight = 0, before = 0;

	require(b->r.count <= b->r.room && b->r.room <= SENT_MAX);
	for (size_t i = 0; i < b->r.count; i++) {
		const struct sent *s = &b->r.ring[(b->r.first + i) & (b->r.room - 1)];

		require(i == 0 || s->number > before);
		require(i > 0 || s->fate == 1);
		before = s->number;
		in_flight += s->fate == 1 ? s->size : 0;
	}
	require(in_flight == b->r.in_flight);
	require(b->again.n <= RANGES_MAX);
	for (unsigned i = 0; i < b->again.n; i++)
		require(b->again.at[i].from < b->again.at[i].to &&
		        (i == 0 || b->again.at[i - 1].to < b->again.at[i].from));
	require(b->c.cwnd >= CWND_MIN && b->c.cwnd <= CWND_MAX && b->c.alpha <= ALPHA_ONE);
}

static void send_one(struct books *b, struct reader *in)
{
	uint32_t length = read_u16(in);

	b->number += read_u8(in);
	if (in->bad || !recovery_reserve(&b->r))
		return;
	recovery_sent(&b->r, &(struct sent){ .number = b->number++, .from = b->offset, .us = b->now_us,
	                                     .length = length, .size = (uint16_t)(length % PACKET_MAX) });
	b->offset += length;
	recovery_arm(&b->r, b->now_us);
}

static void report(struct books *b, struct reader *in)
{
	struct bytes body = read_bytes(in, read_u8(in));
	struct feedback f = { .limited = true };
	struct report p;

	if (in->bad || !report_read(body, &p) || p.spans[0].newest >= b->number)
		return;
	f.marked = (uint32_t)p.marked;
	recovery_heard(&b->r, &p, &b->again, b->now_us, &f);
	congestion_take(&b->c, &f);
	recovery_news(&b->r, b->r.count > 0, b->now_us);
}

static void step(struct books *b, struct reader *in)
{
	struct feedback f = { 0 };
	struct range oldest;
	uint64_t upto;

	switch (read_u8(in) % 6) {
	case 0: send_one(b, in); break;
	case 1: report(b, in); break;
	case 2:
		b->now_us += (uint64_t)read_u16(in) * 1000;
		if (b->now_us < b->r.overdue_us)
			break;
		recovery_find_lost(&b->r, &b->again, b->now_us, &f);
		require(b->r.overdue_us > b->now_us);
		congestion_take(&b->c, &f);
		break;
	case 3:
		upto = read_u32(in);
		recovery_read(&b->r, upto < b->offset ? upto : b->offset);
		ranges_drop(&b->again, upto);
		break;
	case 4:
		if (recovery_silent(&b->r, &oldest))
			ranges_add(&b->again, oldest);
		break;
	default:
		recovery_move(&b->r, read_u8(in) % 8 > 0, 0);
		congestion_move(&b->c, b->r.next);
		ranges_clear(&b->again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of((struct bytes){ data, size });
	struct books b = { .now_us = 1 };

	recovery_init(&b.r);
	recovery_move(&b.r, true, 0);
	ranges_init(&b.again);
	congestion_init(&b.c, &session_window);
	while (reader_left(&in) > 0 && !in.bad) {
		step(&b, &in);
		check(&b);
	}
	recovery_clear(&b.r);
	ranges_clear(&b.again);
	return 0;
}
