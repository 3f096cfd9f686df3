/* doubt.c - FRAME_DOUBT: whom of the relays between us one end suspects.
 *
 *     why u8 | (relay id | strikes u8)...
 *
 * Only the end that a packet reaches sees that it was damaged; only the end that sends it can
 * choose another way. It belongs to no life of the session: under the seal is enough. */
#include "session/inside.h"

enum { DOUBT_EACH = 16 + 1, DOUBT_SIZE_MAX = 1 + DOUBTS_MAX * DOUBT_EACH };

void session_doubt(struct session *s, const struct session_doubt *doubt)
{
	s->doubt_due = doubt != NULL;
	if (doubt)
		s->doubt = *doubt;
}

bool session_take_doubt(struct session *s, struct session_doubt *ret)
{
	if (!s->doubted)
		return false;
	s->doubted = false;
	*ret = s->told;
	return true;
}

bool doubt_write(const struct session *s, struct writer *w)
{
	uint8_t buf[DOUBT_SIZE_MAX];
	struct writer body = writer_of(buf, sizeof buf);

	write_u8(&body, (uint8_t)s->doubt.why);
	for (size_t i = 0; i < s->doubt.n; i++) {
		write_id(&body, &s->doubt.relays[i]);
		write_u8(&body, s->doubt.strikes[i]);
	}
	return write_frame(w, FRAME_DOUBT, writer_bytes(&body));
}

int doubt_take(struct session *s, struct bytes body)
{
	struct session_doubt told = { 0 };
	struct reader r = reader_of(body);
	uint8_t why = read_u8(&r);

	told.n = reader_left(&r) / DOUBT_EACH;
	if (why < DOUBT_SILENCE || why > DOUBT_DAMAGE || told.n < 1 || told.n > DOUBTS_MAX)
		return LENO_PROTOCOL;
	told.why = why;
	for (size_t i = 0; i < told.n; i++) {
		told.relays[i] = read_id(&r);
		told.strikes[i] = read_u8(&r);
	}
	if (!read_end(&r))
		return LENO_PROTOCOL;
	s->told = told;
	s->doubted = true;
	return LENO_OK;
}
