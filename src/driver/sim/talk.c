/* talk.c - somebody who goes on talking: count messages to one node, paced.
 *
 * After LENO_AGAIN it waits for writable; when the other is not known yet it tries
 * again. It ends with the life of the speaker, or when the other is revoked. */
#include "book.h"

enum { RETRY_US = 20000 };

struct talk {
	struct sim_node *to;
	unsigned left;
	uint64_t every_us;
	size_t size;
};

static void on_talk(struct sim *sim, const struct event *e)
{
	struct talk *talk = e->user, *next;
	struct event *again;
	uint64_t wait = talk->every_us;
	int error = LENO_AGAIN;

	if (talk->to->outcast) {
		e->node->book->talking -= talk->left;
		return;
	}
	if (!sim_blocked(e->node, talk->to))
		error = sim_send(e->node, talk->to, talk->size);
	if (error)
		wait = wait > RETRY_US ? wait : RETRY_US;
	else {
		talk->left--;
		e->node->book->talking--;
	}
	if (error && error != LENO_AGAIN && error != LENO_NO_NODE) {
		world_fail(sim, "%s cannot send to %s: %s", e->node->name, talk->to->name,
		           leno_strerror(error));
		return;
	}
	if (!talk->left)
		return;
	next = world_alloc(sizeof *next);
	*next = *talk;
	again = world_push(sim, sim->now_us + wait, on_talk, e->node, NULL, 0, 0);
	again->user = next;
	again->owns = true;
}

void sim_talk(struct sim_node *from, struct sim_node *to, unsigned count, uint64_t every_us,
              size_t size)
{
	struct talk *talk;
	struct event *e;

	if (!count || !from->leno)
		return;
	from->book->talking += count;
	talk = world_alloc(sizeof *talk);
	*talk = (struct talk){ to, count, every_us, size };
	e = world_push(from->sim, from->sim->now_us, on_talk, from, NULL, 0, 0);
	e->user = talk;
	e->owns = true;
}
