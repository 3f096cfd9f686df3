/* hello.c - which life of the peer speaks with which life of ours.
 *
 * Each life of a session has an id (sid), greater than those of all lives before it with
 * the same incarnation; so whoever meets two knows which one is over.
 *
 *     HELLO{p, e}: "I am p, and know you as e (0: not yet); so much I have of e."
 *     It also names the incarnation that is meant, which may be older than the one it meets.
 *     Its flag UNSURE: "and I have not heard that you know me": to be answered by HELLO.
 *     Its flag HEARD: "a HELLO of yours came under these keys": it need not be repeated.
 *     Its flag ASKS: "where do you stand?": to be answered by ACK. Not every HELLO asks: when
 *     two handshakes have crossed, both ends may repeat theirs for as long as the keys live.
 *     Its flag OVER: "I ended my life with e, of which you may not have heard: begin anew."
 *
 *     p older than what we know         it is late: ignored
 *     p newer than what we know         LENO_CLOSED: that life is over; renew, take it again
 *     e is ours, and OVER               LENO_CLOSED: the same
 *     e neither 0 nor ours              it speaks with a life of ours that is over: told so
 *     otherwise                         p it is
 *
 *  1. Frames of DATA and ACK do not name their life: they count only behind a HELLO that
 *     was accepted by the same link, or under the same keys with no greater counter. What the
 *     first DATA behind it says of its place holds for those that go on from there.
 *  2. An ACK counts only once the peer has said that it knows the life it speaks of. */
#include "session/inside.h"

enum { HELLO_UNSURE = 1, HELLO_HEARD = 2, HELLO_OVER = 4, HELLO_ASKS = 8,
       HELLO_MAX = 8 + 8 + 6 * 9 + 1 };

/* Random in its lower half, so that nobody can guess it. */
void hello_begin(struct session *s)
{
	uint64_t low = random_u64(s->setup->random) & UINT32_MAX;

	s->my_sid = ++s->setup->serial << 32 | low;
	if (s->peer_sid)
		s->past_sid = s->peer_sid;
	s->peer_sid = 0;
	s->agreed = false;
	s->via_ok = 0;
	s->on = NOWHERE;
	s->hello_ride = s->probe = true;
	seal_unbind(&s->seal);
}

bool hello_write(struct session *s, struct writer *w)
{
	uint8_t buf[HELLO_MAX];
	struct writer body = writer_of(buf, sizeof buf);
	bool over = !s->peer_sid && s->past_sid;

	write_u64(&body, s->my_sid);
	write_u64(&body, over ? s->past_sid : s->peer_sid);
	write_varint(&body, s->setup->incarnation);
	write_varint(&body, s->peer_sid ? s->peer_incarnation : s->meant);
	write_varint(&body, inbox_offset(&s->in));
	write_varint(&body, s->in.items);
	write_varint(&body, inbox_credit(&s->in));
	write_varint(&body, s->setup->message_max);
	write_u8(&body, (uint8_t)((s->agreed && !s->asks ? 0 : HELLO_UNSURE) |
	                          (hello_bound(s) ? HELLO_HEARD : 0) | (over ? HELLO_OVER : 0) |
	                          (s->probe ? HELLO_ASKS : 0)));
	if (!write_frame(w, FRAME_HELLO, writer_bytes(&body)))
		return false;
	s->probe = false;
	return true;
}

bool hello_bound(const struct session *s)
{
	return s->path == PATH_RELAYED && seal_ready(&s->seal) &&
	       s->seal.current->bound != UINT64_MAX;
}

void hello_landed(struct session *s, uint32_t via)
{
	if (!via && seal_opened(&s->seal) == s->seal.current)
		s->hello_ride = false;
}

static bool bind(struct session *s, uint32_t via)
{
	struct epoch *e;

	if (via) {
		s->via_ok = via;
		s->on = NOWHERE;
		return true;
	}
	e = seal_opened(&s->seal);
	if (e && s->seal.opened_counter < e->bound)
		e->bound = s->seal.opened_counter;
	return e != NULL;
}

bool hello_heard(const struct session *s, uint32_t via)
{
	const struct epoch *e;

	if (!s->peer_sid)
		return false;
	if (via)
		return via == s->via_ok;
	e = seal_opened(&s->seal);
	return e && s->seal.opened_counter >= e->bound;
}

int hello_take(struct session *s, struct bytes body, uint32_t via, uint64_t now_us)
{
	struct reader r = reader_of(body);
	uint64_t p = read_u64(&r), e = read_u64(&r), incarnation = read_varint(&r);
	uint64_t meant = read_varint(&r), data_max;
	struct position position = { 0 };
	bool same_start;
	uint8_t flags;

	position.offset = read_varint(&r);
	position.items = read_varint(&r);
	position.credit = read_varint(&r);
	data_max = read_varint(&r);
	flags = read_u8(&r);
	if (!read_end(&r) || p == 0)
		return LENO_PROTOCOL;
	same_start = incarnation == s->peer_incarnation;
	if (incarnation < s->peer_incarnation || (same_start && p < s->peer_sid))
		return LENO_OK;
	if (s->peer_sid && !(same_start && p == s->peer_sid))
		return LENO_CLOSED;
	if (!s->peer_sid && s->out.sent_max > 0 && s->meant && s->meant < incarnation)
		return LENO_CLOSED;            /* the life that we spoke to is over */
	if (meant && meant < s->setup->incarnation) {
		s->hello_due = true;           /* it speaks to an older life, which may have had it */
		return LENO_OK;
	}
	if (flags & HELLO_OVER) {
		if (e == s->my_sid)
			return LENO_CLOSED;
		e = 0;
	}
	if ((e && e != s->my_sid) || (same_start && p <= s->past_sid)) {
		s->hello_due = true;           /* one of the two is over: ours is not */
		return LENO_OK;
	}
	if (!bind(s, via))
		return LENO_OK;
	if (!same_start)
		s->past_sid = 0;               /* its count began anew */
	s->peer_sid = p;
	s->peer_incarnation = s->meant = incarnation;
	s->out.data_max = data_max;
	if (flags & HELLO_HEARD)
		hello_landed(s, via);
	if (flags & HELLO_UNSURE)
		s->hello_due = true;
	if (!e)
		return LENO_OK;
	if (via || !s->agreed || flags & HELLO_ASKS)
		s->ack_due = true;             /* whoever moved here goes on at once */
	s->agreed = true;
	s->gap_due = s->gap_due || s->asks;    /* what came before was dropped */
	s->ack_due = s->ack_due || s->asks;
	s->asks = false;
	return stream_take_position(&s->out, &position, now_us);
}

bool hello_write_bye(const struct session *s, struct writer *w)
{
	uint8_t sid[8];
	struct writer body = writer_of(sid, sizeof sid);

	write_u64(&body, s->my_sid);
	return write_frame(w, FRAME_BYE, writer_bytes(&body));
}

int hello_take_bye(struct session *s, struct bytes body)
{
	struct reader r = reader_of(body);
	uint64_t sid = read_u64(&r);

	if (!read_end(&r))
		return LENO_PROTOCOL;
	if (!s->peer_sid || sid != s->peer_sid)
		return LENO_OK;
	s->past_sid = sid;
	s->peer_sid = 0;                       /* nobody is there to be told that it is over */
	return LENO_CLOSED;
}
