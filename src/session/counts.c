/* counts.c - what a session has carried, in all its lives: read when somebody looks, from
 * what the session must know anyhow. */
#include "session/inside.h"

void session_count(const struct session *s, struct session_counts *ret)
{
	const struct session_counts *past = &s->past;

	*ret = (struct session_counts){
		.lives = past->lives + 1,
		.items_out = past->items_out + s->out.put - s->out.base,
		.items_confirmed = past->items_confirmed + s->out.delivered,
		.items_unknown = past->items_unknown,
		.items_in = past->items_in + s->in.items,
		.bytes_out = past->bytes_out + s->out.sent_max,
		.bytes_in = past->bytes_in + inbox_offset(&s->in),
		.resent = s->out.resent,
		.lost = s->out.lost,
		.marked = s->out.marked,
		.window = s->out.recovery.on ? s->out.congestion.cwnd : 0
	};
}
