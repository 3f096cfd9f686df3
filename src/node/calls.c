/* calls.c - calls that go: whom to ask, whom to ask next, and what became of them.
 *
 *   leno_call --choose--> asked --answered--> ended
 *                 ^          \--lost, or not begun there--> choose again, or
 *                 |           \--not offered there any more--> moved
 *                 \-----------------------a provider has come---/    */
#include "node/services.h"

#include "base/mem.h"
#include "node/look.h"

/* ---- asking -------------------------------------------------------------------------- */

static struct desk_seen seen(leno_node *n, const struct place *p)
{
	struct mesh_node m;
	leno_info info = { .rtt_us = 0 };
	bool here = leno_id_same(&p->node, &n->identity.id);

	if (!here && mesh_get(n->mesh, &p->node, &m))
		look_info(n, &m, &info);
	return (struct desk_seen){ .here = here, .rtt_us = info.rtt_us, .load = p->load,
	                           .outstanding = p->outstanding };
}

static const struct place *better(leno_node *n, struct place *const two[2])
{
	struct desk_seen first = seen(n, two[0]), second = seen(n, two[1]);

	return desk_cheaper(&second, &first) ? two[1] : two[0];
}

/* Only a label or a version makes us look: what that node offers it knows best itself. */
static bool named_fits(struct calling *c, const struct place_filter *f)
{
	const struct place *p;

	if (!f->label && !f->version)
		return true;
	p = directory_place(&c->node->services->directory, calling_service(c), &c->to);
	return p && directory_fits(p, f);
}

/* Of two by chance the better one: nearly as good as the best of all, and no herd runs to it
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). */
static bool choose(struct calling *c)
{
	leno_node *n = c->node;
	const struct place_filter f = { .label = c->any_label ? NULL : calling_label(c),
	                                .version = c->any_version ? NULL : calling_version(c),
	                                .not_these = c->tried, .n_not = c->n_tried,
	                                .not_hashes = c->lacks, .n_not_hashes = c->n_lacks };
	struct place *two[2];
	unsigned found;

	if (c->named)
		return c->n_tried == 0 && named_fits(c, &f);
	if (c->n_tried == CALL_TRIES)
		return false;
	found = directory_pick(&n->services->directory, calling_service(c), &f,
	                       random_u64(&n->random), two);
	if (found == 0)
		return false;
	c->to = (found == 2 ? better(n, two) : two[0])->node;
	return true;
}

static void count_asked(struct calling *c, int by)
{
	struct place *p =
		directory_place(&c->node->services->directory, calling_service(c), &c->to);

	if (p && (by > 0 || p->outstanding > 0))
		p->outstanding += (uint32_t)by;
}

static void answered(leno_node *, void *user, const leno_answer *);

static leno_ms left_ms(const struct calling *c)
{
	uint64_t now = c->node->now_us;

	return c->due_us == NEVER ? -1 : c->due_us <= now ? 0 : (leno_ms)((c->due_us - now) / 1000);
}

static struct call call_of(const struct calling *c)
{
	leno_ms left = left_ms(c);

	return (struct call){ .flags = c->again ? CALL_AGAIN : 0,
	                      .left_ms = left < 0 ? 0 : left > 0 ? (uint64_t)left : 1,
	                      .service = calling_service(c), .method = calling_method(c),
	                      .arguments = calling_arguments(c) };
}

static int ask(struct calling *c)
{
	leno_node *n = c->node;
	struct call call = call_of(c);
	uint8_t head[CALL_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);
	int error = 0;

	c->local = leno_id_same(&c->to, &n->identity.id);
	if (c->local) {
		list_append(&n->services->local, &c->later);
		services_wake(n);
	} else {
		write_call_head(&w, &call);
		error = send_request(n, &c->to, ITEM_REQUEST, CALL_TYPE, writer_bytes(&w),
		                     call.arguments, left_ms(c), answered, c, &c->request);
	}
	if (error)
		return error;
	c->tried[c->n_tried++] = c->to;
	count_asked(c, 1);
	return 0;
}

/* The next one; false: there is none. */
static bool ask_another(struct calling *c)
{
	while (choose(c)) {
		struct peer *p = peers_get(c->node, &c->to);
		bool blocked = p && p->blocked;
		int error = ask(c);

		p = peers_get(c->node, &c->to);
		if (p)
			p->blocked = blocked;  /* the application was not told AGAIN */
		if (!error)
			return true;
		c->tried[c->n_tried++] = c->to;        /* no way leads there */
	}
	return false;
}

/* ---- what became of it ----------------------------------------------------------------- */

/* Nobody else is known to offer it, but somebody may be about to. */
static void wait_for_one(struct calling *c)
{
	leno_node *n = c->node;

	if (c->named) {
		calling_fail(c, c->lost ? c->lost : LENO_NO_SERVICE);
		return;
	}
	c->local = false;
	list_append(&n->services->moved, &c->later);
	timers_set(&n->timers, &c->timer,
	           c->due_us < n->now_us + MOVED_US ? c->due_us : n->now_us + MOVED_US);
}

/* It may offer what it did not when it was asked: it, or one of four others, gives way. */
static void forget_tried(struct calling *c, const leno_id *id)
{
	unsigned i = 0;

	while (i < c->n_tried && !leno_id_same(&c->tried[i], id))
		i++;
	if (i == c->n_tried && c->n_tried < CALL_TRIES)
		return;
	c->n_tried--;
	if (i < c->n_tried)
		c->tried[i] = c->tried[c->n_tried];
}

void calls_come(leno_node *n, const char *name, const leno_id *id)
{
	struct bytes service = bytes_text(name);

	list_each (it, next, &n->services->moved) {
		struct calling *c = list_item(it, struct calling, later);

		if (!bytes_same(calling_service(c), service))
			continue;
		forget_tried(c, id);
		if (!ask_another(c))
			continue;              /* it waits on */
		if (!c->local)
			list_remove(&c->later);
		timers_set(&n->timers, &c->timer, NEVER);
	}
}

static void tell_cancel(struct calling *c)
{
	leno_node *n = c->node;
	struct item item = { .kind = ITEM_MESSAGE };
	struct peer *p = peers_get(n, &c->to);
	uint8_t head[9];
	struct writer w = writer_of(head, sizeof head);

	if (c->local) {
		provide_cancel_local(n, c->number);
		return;
	}
	write_varint(&w, c->request);
	/* When there is no room for it, its time will pass there as it has here. */
	if (p && c->request)
		services_send(p, &item, CANCEL_TYPE, writer_bytes(&w), bytes_of(NULL, 0));
}

/* One that may have begun it is gone. */
static void lost(struct calling *c, int error)
{
	if (error == LENO_UNREACHABLE)
		tell_cancel(c);                /* it will hear so when a path is there again */
	c->request = 0;
	if (!c->lost)
		c->lost = error;
	c->again = true;
	if (!ask_another(c))
		calling_fail(c, c->lost);
}

/* The service there has no such method: so has none of that contract, and those of another may.
 * It was no try: what one service does, programs of one method each may share. */
static void pass_over(struct calling *c, const struct place *p)
{
	if (c->named || !p || c->n_lacks == LACKS_MAX)
		return;
	c->lacks[c->n_lacks++] = p->hash;
	c->n_tried--;                          /* it was the last */
}

static void take_status(struct calling *c, const struct call_answer *a)
{
	struct place *p =
		directory_place(&c->node->services->directory, calling_service(c), &c->to);

	if (p)
		p->load = a->load;
	switch (a->status) {
	case CALL_RESULT:
		if (!leno_unpack_ok((leno_bytes){ a->rest.data, a->rest.size })) {
			node_count_refusal(c->node, LENO_PROTOCOL);
			calling_fail(c, LENO_PROTOCOL);
			break;
		}
		calling_end(c, &(leno_answer){ .data = { a->rest.data, a->rest.size }, .why = "" });
		break;
	case CALL_FAILED:
		calling_end_with(c, LENO_REFUSED, (int)a->code, a->rest);
		break;
	case CALL_NO_SERVICE:
		c->moved = true;
		if (!ask_another(c))
			wait_for_one(c);
		break;
	case CALL_NO_METHOD:
		pass_over(c, p);
		if (ask_another(c))
			break;
		if (c->moved)
			wait_for_one(c);
		else
			calling_fail(c, c->lost ? c->lost : c->busy ? LENO_BUSY : LENO_NO_METHOD);
		break;
	case CALL_ARGUMENTS:
		calling_end_with(c, LENO_ARGUMENTS, 0, a->rest);
		break;
	case CALL_BUSY:
		c->busy = true;
		if (!ask_another(c))
			calling_fail(c, c->lost ? c->lost : LENO_BUSY);
		break;
	case CALL_NOT_AGAIN: case CALL_STATUSES:
		calling_fail(c, c->lost ? c->lost : LENO_PROTOCOL);
		break;
	}
}

static void take_answer(struct calling *c, const leno_answer *answer)
{
	struct call_answer a;

	count_asked(c, -1);
	switch (answer->error) {
	case 0:
		if (read_call_answer(bytes_of(answer->data.data, answer->data.size), &a)) {
			c->request = 0;
			take_status(c, &a);
			return;
		}
		node_count_refusal(c->node, LENO_PROTOCOL);
		calling_fail(c, LENO_PROTOCOL);
		return;
	case LENO_REFUSED:
		calling_end(c, answer);
		return;
	case LENO_TIMEOUT:
		tell_cancel(c);
		calling_fail(c, LENO_TIMEOUT);
		return;
	default:
		lost(c, answer->error);
	}
}

static void answered(leno_node *n, void *user, const leno_answer *answer)
{
	(void)n;
	take_answer(user, answer);
}

/* ---- our own services -------------------------------------------------------------------- */

void calls_local_answer(leno_node *n, uint64_t number, const struct call_answer *a)
{
	struct calling *c = calling_find(n, number);
	struct writer w;

	if (!c || c->answer)
		return;
	c->answer_size = ANSWER_HEAD_MAX + a->rest.size;
	c->answer = mem_take(c->answer_size);
	if (c->answer) {
		w = writer_of(c->answer, c->answer_size);
		write_answer_head(&w, a);
		write_bytes(&w, a->rest.data, a->rest.size);
		c->answer_size = writer_size(&w);
	}
	timers_set(&n->timers, &c->timer, NEVER);
	list_append(&n->services->answered, &c->later);
	services_wake(n);
}

/* What our own services have said on the way, outside of inputs: nobody may be called there. */
struct own_word {
	struct list all;
	uint64_t    number;
	size_t      size;
	uint8_t     value[];
};

static size_t word_cost(size_t size)
{
	return sizeof(struct own_word) + size + BUDGET_BLOCK;
}

static void word_free(leno_node *n, struct own_word *w)
{
	list_remove(&w->all);
	budget_give(&n->services->budget, word_cost(w->size));
	mem_free(w);
}

int calls_local_progress(leno_node *n, uint64_t number, leno_bytes value)
{
	struct services *s = n->services;
	struct calling *c = calling_find(n, number);
	struct own_word *w;

	if (!c || !c->progress)
		return 0;
	if (n->depth > 0 && list_empty(&s->said)) {
		c->progress(n, c->user, c->number, value);
		return 0;
	}
	if (!budget_take(&s->budget, word_cost(value.size)))
		return LENO_MEMORY;
	w = mem_new(sizeof *w + value.size);
	if (!w) {
		budget_give(&s->budget, word_cost(value.size));
		return LENO_MEMORY;
	}
	w->number = number;
	w->size = value.size;
	bytes_copy(w->value, value.data, value.size);
	list_init(&w->all);
	list_append(&s->said, &w->all);
	services_wake(n);
	return 0;
}

static void tell_said(leno_node *n)
{
	struct list *said = &n->services->said;

	while (!list_empty(said) && !n->leaving) {
		struct own_word *w = list_item(said->next, struct own_word, all);
		struct calling *c = calling_find(n, w->number);

		if (c && c->progress)
			c->progress(n, c->user, c->number, (leno_bytes){ w->value, w->size });
		word_free(n, w);
	}
}

void calls_forget_said(leno_node *n)
{
	while (!list_empty(&n->services->said))
		word_free(n, list_item(n->services->said.next, struct own_word, all));
}

static void local_end(struct calling *c)
{
	leno_answer answer = { .error = c->answer ? 0 : LENO_MEMORY,
	                       .data = { c->answer, c->answer_size }, .why = "" };
	uint8_t *own = c->answer;

	c->answer = NULL; /* another may be asked now, with an answer of its own */
	take_answer(c, &answer);
	mem_free(own);
}

void calls_settle(leno_node *n)
{
	struct services *s = n->services;
	struct list now;

	tell_said(n);
	/* What these cause waits for the next input. */
	list_init(&now);
	while (!list_empty(&s->local))
		list_append(&now, s->local.next);
	while (!list_empty(&now) && !n->leaving) {
		struct calling *c = list_item(now.next, struct calling, later);
		struct call call = call_of(c);

		list_remove(&c->later);
		timers_set(&n->timers, &c->timer, c->due_us);
		s->handed = c;
		provide_local(n, &call, c->number);
		s->handed = NULL;
		s->handed_texts = mem_free(s->handed_texts);
	}
	while (!list_empty(&now))              /* the node was closed in one of them */
		list_append(&s->local, now.next);
	while (!list_empty(&s->answered))
		list_append(&now, s->answered.next);
	while (!list_empty(&now) && !n->leaving) {
		struct calling *c = list_item(now.next, struct calling, later);

		list_remove(&c->later);
		local_end(c);
	}
	while (!list_empty(&now))
		list_append(&s->answered, now.next);
	while (!list_empty(&s->unclocked) && n->depth > 0)
		list_remove(s->unclocked.next);
}

/* ---- what providers say meanwhile ---------------------------------------------------------- */

static struct calling *asked(struct peer *p, uint64_t request)
{
	struct request *r = requests_find(&p->node->requests, request, p);

	return r && r->done == answered ? r->user : NULL;
}

void calls_progress(struct peer *p, const struct item *item)
{
	struct reader r = reader_of(item->data);
	uint64_t number = read_varint(&r);
	struct bytes value = read_bytes(&r, reader_left(&r));
	struct calling *c = r.bad ? NULL : asked(p, number);

	if (r.bad || !leno_unpack_ok((leno_bytes){ value.data, value.size }))
		node_count_refusal(p->node, LENO_PROTOCOL);
	else if (c && c->progress)
		c->progress(p->node, c->user, c->number, (leno_bytes){ value.data, value.size });
}

bool calls_take_stream(struct peer *p, leno_stream *stream, const char *topic)
{
	const size_t size = sizeof CALL_TOPIC - 1;
	uint64_t number = 0;
	struct calling *c;

	if (strncmp(topic, CALL_TOPIC, size) != 0)
		return false;
	for (const char *at = topic + size; *at >= '0' && *at <= '9' && number < UINT64_MAX / 16;
	     at++)
		number = number * 10 + (uint64_t)(*at - '0');
	c = asked(p, number);
	if (c && c->stream)
		c->stream(p->node, c->user, c->number, stream);
	return true;                           /* not accepted: it is refused */
}

/* ---- from outside ---------------------------------------------------------------------------- */

void calls_due(struct timer *t)
{
	struct calling *c = list_item(t, struct calling, timer);
	leno_node *n = c->node;
	uint64_t number = c->number;

	if (n->leaving)                        /* nothing is heard any more */
		return;
	if (list_empty(&c->later)) {           /* it runs here: others are timed as requests */
		count_asked(c, -1);
		tell_cancel(c);
		c = calling_find(n, number);   /* the handler may have cancelled it, too */
		if (c)
			calling_fail(c, LENO_TIMEOUT);
		return;
	}
	calling_fail(c, c->due_us <= n->now_us ? LENO_TIMEOUT
	                : c->lost                    ? c->lost
	                                             : LENO_NO_SERVICE);
}

void calls_clock(leno_node *n, uint64_t passed_us)
{
	while (!list_empty(&n->services->unclocked)) {
		struct calling *c =
			list_item(n->services->unclocked.next, struct calling, unclocked);

		list_remove(&c->unclocked);
		if (c->due_us != NEVER)
			c->due_us += passed_us;
	}
}

static size_t text_size(const char *text, size_t max)
{
	return text ? strnlen(text, max + 1) : 0;
}

static int check(const leno_node *n, const char *service, const char *method, leno_bytes arguments,
                 const leno_call_options *o, leno_done_fn *done)
{
	if (!n || !done || !service || !method ||
	    !name_ok(bytes_text(service), LENO_SERVICE_MAX, true) ||
	    text_size(method, LENO_METHOD_MAX) > LENO_METHOD_MAX || !*method ||
	    (!arguments.data && arguments.size > 0) || text_size(o->label, LABEL_MAX) > LABEL_MAX ||
	    text_size(o->version, LENO_VERSION_MAX) > LENO_VERSION_MAX)
		return LENO_ARGUMENT;
	return n->leaving ? LENO_CLOSED : 0;
}

int leno_call(leno_node *n, const char *service, const char *method, leno_bytes arguments,
              const leno_call_options *options, leno_done_fn *done, void *user, leno_call_id *ret)
{
	static const leno_call_options defaults;
	const leno_call_options *o = options ? options : &defaults;
	int error = check(n, service, method, arguments, o, done);
	struct calling *c;

	if (error)
		return error;
	c = calling_new(n, arguments.size + LENO_SERVICE_MAX + LENO_METHOD_MAX + LABEL_MAX +
	                LENO_VERSION_MAX + 4, &error);
	if (!c)
		return error;
	calling_fill(c, service, method, arguments, o);
	c->done = done;
	c->user = user;
	error = choose(c) ? ask(c) : LENO_NO_SERVICE;
	if (error) {
		calling_free(c);
		return error;
	}
	if (n->depth == 0)
		list_append(&n->services->unclocked, &c->unclocked);
	if (ret)
		*ret = c->number;
	return 0;
}

int leno_call_cancel(leno_node *n, leno_call_id number)
{
	struct calling *c = n ? calling_find(n, number) : NULL;
	struct peer *p = c && c->request ? peers_get(n, &c->to) : NULL;
	struct request *r = p ? requests_find(&n->requests, c->request, p) : NULL;

	if (!c)
		return LENO_ARGUMENT;
	if (r)
		requests_end(&n->requests, r);
	if (r || c->local) {
		count_asked(c, -1);
		tell_cancel(c);
	}
	c = calling_find(n, number);           /* its handler here may have done the same */
	if (c)
		calling_free(c);
	return 0;
}
