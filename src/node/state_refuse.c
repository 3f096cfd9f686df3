/* state_refuse.c - what one sharer of a map does not take of another: see states.h. */
#include "node/states.h"

static const int errors[] = { [REFUSED_FULL] = LENO_MEMORY, [REFUSED_FOREIGN] = LENO_REFUSED,
                              [REFUSED_AHEAD] = LENO_LIMIT };

static void log_objection(leno_state *st, const leno_id *from, const struct entry *e, bool timely)
{
	leno_node *n = st->node;
	uint64_t said_ms = stamp_ms(e->stamp), died_ms = entry_died_ms(e);
	uint64_t ahead = (said_ms > died_ms ? said_ms : died_ms) - states_wall_ms(n);
	char id[LENO_ID_TEXT];

	if (st->log_us && n->now_us < st->log_us + STATE_LOG_MS * 1000)
		return;
	st->log_us = n->now_us;
	if (timely)
		events_log(n, LENO_LOG_WARN, "map %s: %s writes what is not its own (%llu refused)",
		           st->name, leno_id_text(from, id), (unsigned long long)st->refused);
	else
		events_log(n, LENO_LOG_WARN,
		           "map %s: an entry from %s is %llu s ahead of our clock (%llu refused)",
		           st->name, leno_id_text(from, id), (unsigned long long)(ahead / 1000),
		           (unsigned long long)st->refused);
}

enum state_refusal state_objects(leno_state *st, const leno_id *from, const struct entry *e)
{
	bool timely = entry_timely(e, states_wall_ms(st->node));

	if (timely && state_believes(st, from, e))
		return 0;
	st->refused++;
	log_objection(st, from, e, timely);
	return timely ? REFUSED_FOREIGN : REFUSED_AHEAD;
}

void state_write_refused(leno_state *st, struct sharer *s, const struct session *session,
                         struct writer *w)
{
	struct word v = { .op = STATE_REFUSED, .why = s->refuse_due };

	memcpy(v.tag, st->tag, STATE_TAG);
	write_word(w, &v);
	s->refuse_due = 0;
	s->refuse_at = session_put_to(session) + 1;
}

bool state_refusal_waits(const struct sharer *s, const struct session *session)
{
	return session_sent_to(session) < s->refuse_at;
}

void state_take_refused(leno_state *st, const struct sharer *s, enum state_refusal why)
{
	if (state_enter(st) && st->handlers.refused)
		st->handlers.refused(st, st->user, &s->id, errors[why]);
	state_leave(st);
}
