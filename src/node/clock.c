/* clock.c - comparing wall clocks: the on-wire formulas of NTP (RFC 5905, section 8), of a
 * few exchanges the one with the shortest way, whose asymmetry can be least.
 *
 *   request "leno/time": nothing;  its reply: came u64 | left u64, microseconds since 1970 */
#include "node/services.h"

#include "base/mem.h"

struct comparison {
	struct list  all;
	leno_node   *node;
	leno_id      to;
	leno_ms      timeout;
	leno_clock_fn *done;
	void        *user;
	uint64_t     asked_us;         /* by the clock that nobody sets                */
	unsigned     left;
	bool         any;
	leno_clock   best;
};

enum { SET_BACK_US = 1000 * 1000 };      /* what a clock loses beside our own is less */

void leno_engine_wall(leno_node *n, int64_t wall_us)
{
	int64_t was = n->wall_us;

	n->wall_us = wall_us - (int64_t)n->now_us;
	n->wall_ahead = n->wall_ahead || (n->wall_told && was - n->wall_us > SET_BACK_US);
	n->wall_told = true;
}

int64_t leno_clock_now(const leno_node *n)
{
	return n->wall_us + (int64_t)n->now_us;
}

/* An input has one time: what came in it leaves in it. */
void clock_take(struct peer *p, uint64_t request)
{
	leno_message m = { .node = p->node, .from = p->id, .life = p->life, .request = request };
	uint8_t buf[16];
	struct writer w = writer_of(buf, sizeof buf);

	write_u64(&w, (uint64_t)leno_clock_now(p->node));
	write_u64(&w, (uint64_t)leno_clock_now(p->node));
	if (leno_reply(&m, (leno_bytes){ buf, sizeof buf }))
		node_count_refusal(p->node, LENO_AGAIN);
}

static void comparison_end(struct comparison *k, int error)
{
	leno_node *n = k->node;
	leno_clock_fn *done = k->done;
	void *user = k->user;
	leno_clock result = k->best;

	result.node = k->to;
	result.error = k->any ? 0 : error;
	list_remove(&k->all);
	n->services->n_clocks--;
	mem_free(k);
	done(n, user, &result);
}

static void exchanged(leno_node *, void *user, const leno_answer *);

static int exchange(struct comparison *k)
{
	leno_node *n = k->node;

	k->asked_us = n->now_us;
	return leno_request(n, &k->to, TIME_TYPE, (leno_bytes){ NULL, 0 }, k->timeout, exchanged, k,
	                    NULL);
}

/* Unsigned, so that whatever a peer says is defined. */
static void learn(struct comparison *k, uint64_t came, uint64_t left)
{
	uint64_t t1 = (uint64_t)k->node->wall_us + k->asked_us;
	uint64_t t4 = (uint64_t)leno_clock_now(k->node);
	uint64_t rtt = t4 - t1 - (left - came);
	int64_t there = (int64_t)(came - t1), back = (int64_t)(left - t4);

	if (left < came || rtt > UINT32_MAX || (k->any && rtt >= k->best.rtt_us))
		return;
	k->any = true;
	k->best.rtt_us = (uint32_t)rtt;
	k->best.offset_us = there / 2 + back / 2;
}

static void exchanged(leno_node *n, void *user, const leno_answer *answer)
{
	struct comparison *k = user;
	struct reader r = reader_of(bytes_of(answer->data.data, answer->data.size));
	uint64_t came = read_u64(&r), left = read_u64(&r);
	int error = answer->error;

	(void)n;
	if (!error && !read_end(&r))
		error = LENO_PROTOCOL;
	if (!error)
		learn(k, came, left);
	if (!error && --k->left > 0)
		error = exchange(k);
	else if (!error)
		error = k->any ? LENO_OK : LENO_PROTOCOL;
	else
		k->left = 0;
	if (error || k->left == 0)
		comparison_end(k, error);
}

int leno_clock_compare(leno_node *n, const leno_id *to, leno_ms timeout, leno_clock_fn *done,
                       void *user)
{
	struct comparison *k;
	int error;

	if (!n || !to || !done)
		return LENO_ARGUMENT;
	if (n->services->n_clocks == CLOCKS_MAX)
		return LENO_LIMIT;
	k = mem_new(sizeof *k);
	if (!k)
		return LENO_MEMORY;
	*k = (struct comparison){ .node = n,
		                  .to = *to,
		                  .timeout = timeout,
		                  .done = done,
		                  .user = user,
		                  .left = CLOCK_TRIES };
	list_init(&k->all);
	error = exchange(k);
	if (error) {
		mem_free(k);
		return error;
	}
	list_append(&n->services->clocks, &k->all);
	n->services->n_clocks++;
	return 0;
}

void clock_free(leno_node *n)
{
	while (!list_empty(&n->services->clocks)) {
		struct comparison *k = list_item(n->services->clocks.next, struct comparison, all);

		list_remove(&k->all);
		mem_free(k);
	}
}
