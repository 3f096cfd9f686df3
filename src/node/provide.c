/* provide.c - calls that come. */
#include "node/services.h"

#include "base/mem.h"

enum { INCOMING_COST = sizeof(struct leno_incoming) + BUDGET_BLOCK + 4 * sizeof(void *) };
static_assert((int)ITEM_HEAD_MAX + (int)CALL_HEAD_MAX <= 1024 &&
                      (int)CALL_HEAD_MAX <= (int)SEND_FIRST_MAX &&
                      (int)ANSWER_HEAD_MAX <= (int)SEND_FIRST_MAX,
              "heads fit what sessions and send.c take");

/* ---- structs ------------------------------------------------------------------------ */

static leno_incoming *incoming_new(leno_node *n, struct incoming_key key)
{
	struct services *s = n->services;
	leno_incoming *in;

	if (map_get(&s->incoming, &key) || !budget_take(&s->budget, INCOMING_COST))
		return NULL;
	if (!list_empty(&s->idle)) {
		in = list_item(s->idle.next, leno_incoming, queue);
		list_remove(&in->queue);
		s->n_idle--;
	} else {
		in = mem_new(sizeof *in);
		if (in && timers_admit(&n->timers))
			in = mem_free(in);
		if (in) {
			in->node = n;
			in->timer.kind = TIMER_INCOMING;
			list_init(&in->of_peer);
			list_init(&in->queue);
		}
	}
	if (in)
		in->key = key;
	if (in && map_put(&s->incoming, in)) {
		timers_release(&n->timers, &in->timer);
		in = mem_free(in);
	}
	if (!in)
		budget_give(&s->budget, INCOMING_COST);
	return in;
}

static void unkeep(leno_incoming *in)
{
	if (in->kept)
		budget_give(&in->node->services->budget, in->kept_size + BUDGET_BLOCK);
	in->kept = mem_free(in->kept);
	in->kept_size = 0;
}

static bool keep(leno_incoming *in, struct bytes first, struct bytes rest)
{
	struct budget *b = &in->node->services->budget;
	size_t size = first.size + rest.size;

	if (!budget_take(b, size + BUDGET_BLOCK))
		return false;
	in->kept = mem_take(size + 1);
	if (!in->kept) {
		budget_give(b, size + BUDGET_BLOCK);
		return false;
	}
	in->kept_size = size;
	bytes_copy(in->kept, first.data, first.size);
	bytes_copy(in->kept + first.size, rest.data, rest.size);
	return true;
}

static void incoming_free(leno_incoming *in)
{
	leno_node *n = in->node;
	struct services *s = n->services;

	unkeep(in);
	list_remove(&in->of_peer);
	list_remove(&in->queue);
	map_remove(&s->incoming, &in->key);
	budget_give(&s->budget, INCOMING_COST);
	if (s->n_idle < IDLE_MAX) {
		timers_set(&n->timers, &in->timer, NEVER);
		list_append(&s->idle, &in->queue);
		s->n_idle++;
		return;
	}
	timers_release(&n->timers, &in->timer);
	mem_free(in);
}

/* It has left its service: another may run, or the last one has ended. */
static void leave_service(leno_incoming *in)
{
	struct service *v = in->service;

	assert(v->desk.running > 0);
	v->desk.running--;
	in->service = NULL;
	if (v->desk.waiting > 0 || v->retired) {
		list_append(&in->node->services->due, &v->due);
		services_wake(in->node);
	}
}

/* ---- taking -------------------------------------------------------------------------- */

struct caller {
	leno_node   *node;
	struct peer *peer;             /* NULL: ourselves */
	uint64_t     number;
};

static int say(const struct caller *to, const struct call_answer *a)
{
	struct item item = { .kind = ITEM_REPLY, .request = to->number };
	uint8_t head[ANSWER_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	if (!to->peer) {
		calls_local_answer(to->node, to->number, a);
		return 0;
	}
	write_answer_head(&w, a);
	return services_send(to->peer, &item, NULL, writer_bytes(&w), a->rest);
}

/* It was not begun. When there is no room for that either its time will pass. */
static void turn_away(const struct caller *to, enum call_status status, const struct service *v,
                      const char *why)
{
	const struct call_answer a = { .status = status, .load = v ? desk_load(&v->desk) : 0,
	                               .rest = bytes_text(why) };

	if (say(to, &a))
		node_count_refusal(to->node, LENO_AGAIN);
}

static int find_method(const struct service *v, struct bytes name)
{
	for (size_t i = 0; i < v->n_methods; i++)
		if (bytes_same(v->methods[i].name, name) && !(v->methods[i].flags & METHOD_EVENT))
			return (int)i;
	return -1;
}

static void run(leno_incoming *in, struct bytes arguments)
{
	in->function(in->node, in->service->user, in,
	             (leno_bytes){ arguments.data, arguments.size });
}

/* It does not read what it is answered: the last of the memory is for others. */
static bool is_greedy(const struct caller *from)
{
	const struct budget *b = &from->node->services->budget;

	return from->peer && !list_empty(&from->peer->unsent) && b->used > b->max / 8 * 7;
}

static void begin(const struct caller *from, const struct call *c, struct service *v, int method)
{
	leno_node *n = from->node;
	enum desk_place place = is_greedy(from) ? DESK_FULL : desk_come(&v->desk);
	leno_incoming *in = NULL;

	if (place != DESK_FULL)
		in = incoming_new(n, (struct incoming_key){ from->peer ? from->peer->life : 0,
		                                            from->number });
	if (in && place == DESK_WAITS && !keep(in, c->arguments, bytes_of(NULL, 0))) {
		incoming_free(in);
		in = NULL;
	}
	if (!in) {
		v->desk.running -= place == DESK_RUNS;
		v->desk.waiting -= place == DESK_WAITS;
		turn_away(from, CALL_BUSY, v, "");
		return;
	}
	in->service = v;
	in->method = &v->methods[method];
	in->function = v->functions[method];
	in->peer = from->peer;
	in->from = from->peer ? from->peer->id : n->identity.id;
	in->local = !from->peer;
	in->cancelled = false;
	in->streams_below = 0;
	list_append(from->peer ? &from->peer->serving : &n->services->own, &in->of_peer);
	timers_set(&n->timers, &in->timer,
	           c->left_ms == 0 || c->left_ms >> 40 ? NEVER : n->now_us + c->left_ms * 1000);
	if (place == DESK_WAITS)
		list_append(&v->waiting, &in->queue);
	else
		run(in, c->arguments);
}

static void take(const struct caller *from, const struct call *c)
{
	struct service *v = offers_find(from->node, c->service);
	int method = v ? find_method(v, c->method) : -1;
	char why[COMPLAINT_MAX];

	if (!v)
		turn_away(from, CALL_NO_SERVICE, NULL, "");
	else if (method < 0)
		turn_away(from, CALL_NO_METHOD, v, "");
	else if ((c->flags & CALL_AGAIN) && !(v->methods[method].flags & METHOD_IDEMPOTENT))
		turn_away(from, CALL_NOT_AGAIN, v, "");
	else if (!contract_takes(&v->methods[method],
	                         (leno_bytes){ c->arguments.data, c->arguments.size }, why))
		turn_away(from, CALL_ARGUMENTS, v, why);
	else
		begin(from, c, v, method);
}

void provide_take(struct peer *p, const struct item *item)
{
	const struct caller from = { p->node, p, item->request };
	leno_message m = {
		.node = p->node, .from = p->id, .life = p->life, .request = item->request
	};
	struct call c;

	if (read_call(item->data, &c)) {
		take(&from, &c);
		return;
	}
	node_count_refusal(p->node, LENO_PROTOCOL);
	leno_refuse(&m, LENO_PROTOCOL, "that is no call");
}

void provide_local(leno_node *n, const struct call *c, uint64_t number)
{
	take(&(struct caller){ n, NULL, number }, c);
}

void provide_settle(leno_node *n)
{
	struct services *s = n->services;
	struct list now;

	if (list_empty(&s->due))
		return;
	list_init(&now);
	while (!list_empty(&s->due))
		list_append(&now, s->due.next);
	while (!list_empty(&now) && !n->leaving) {
		struct service *v = list_item(now.next, struct service, due);

		list_append(&s->due, &v->due);         /* where handlers may take it from */
		while (!n->leaving && desk_next(&v->desk)) {
			leno_incoming *in = list_item(v->waiting.next, leno_incoming, queue);
			uint8_t *arguments = in->kept;
			size_t size = in->kept_size;

			list_remove(&in->queue);
			in->kept = NULL;
			in->kept_size = 0;
			run(in, bytes_of(arguments, size));
			budget_give(&s->budget, size + BUDGET_BLOCK);
			mem_free(arguments);
		}
		list_remove(&v->due);
		if (!v->retired || v->desk.running > 0 || v->desk.waiting > 0 || n->leaving)
			continue;
		if (v->drained)
			v->drained(n, v->user);
		offers_free(n, v);
	}
	while (!list_empty(&now))
		list_append(&s->due, now.next);
}

/* ---- answering ------------------------------------------------------------------------ */

leno_node *leno_call_node(const leno_incoming *in)
{
	return in->node;
}

const leno_id *leno_call_from(const leno_incoming *in)
{
	return &in->from;
}

leno_bytes leno_call_method(const leno_incoming *in)
{
	return (leno_bytes){ in->method->name.data, in->method->name.size };
}

leno_ms leno_call_left(const leno_incoming *in)
{
	if (in->timer.slot == 0)
		return in->cancelled ? 0 : -1;
	return in->timer.due_us <= in->node->now_us
	     ? 0 : (leno_ms)((in->timer.due_us - in->node->now_us) / 1000);
}

bool leno_call_cancelled(const leno_incoming *in)
{
	return in->cancelled;
}

/* The caller refuses a stream that comes behind the answer. */
static bool opens_streams(const leno_incoming *in)
{
	return in->streams_below > 0 && streams_opening(in->peer, in->streams_below);
}

/* Its queue is full of earlier answers, or will not have it yet: it waits for its turn, and the
 * application need not. */
static bool hold_back(leno_incoming *in, const struct call_answer *a)
{
	uint8_t head[ANSWER_HEAD_MAX];
	struct writer w = writer_of(head, sizeof head);

	write_answer_head(&w, a);
	if (!keep(in, writer_bytes(&w), a->rest))
		return false;
	timers_set(&in->node->timers, &in->timer, NEVER);
	list_append(&in->peer->unsent, &in->of_peer);
	return true;
}

static int answer(leno_incoming *in, struct call_answer *a)
{
	const struct caller to = { in->node, in->peer, in->key.request };
	int error;

	if ((in->cancelled && !in->peer) || in->node->leaving) {
		leave_service(in);
		incoming_free(in);
		return LENO_CLOSED;
	}
	a->load = desk_load(&in->service->desk);
	error = in->peer && (!list_empty(&in->peer->unsent) || opens_streams(in))
	      ? LENO_AGAIN : say(&to, a);
	if (error == LENO_AGAIN && hold_back(in, a)) {
		leave_service(in);
		return 0;
	}
	if (error)
		return error;
	leave_service(in);
	incoming_free(in);
	return 0;
}

bool provide_unsent(struct peer *p)
{
	while (!list_empty(&p->unsent)) {
		leno_incoming *in = list_item(p->unsent.next, leno_incoming, of_peer);
		struct item item = { .kind = ITEM_REPLY, .request = in->key.request };

		if (opens_streams(in))
			return true;
		if (services_send(p, &item, NULL, bytes_of(NULL, 0),
		                  bytes_of(in->kept, in->kept_size)) == LENO_AGAIN)
			return false;
		incoming_free(in);
	}
	return true;
}

int leno_call_reply(leno_incoming *in, leno_bytes result)
{
	static const uint8_t nil[] = { 0xc0 };
	struct call_answer a = { .status = CALL_RESULT,
		                 .rest = bytes_of(result.data, result.size) };

	if (!in || !in->service || (!result.data && result.size > 0) ||
	    !contract_gives(in->method, result))
		return LENO_ARGUMENT;
	if (result.size == 0)
		a.rest = bytes_of(nil, sizeof nil);
	return answer(in, &a);
}

int leno_call_fail(leno_incoming *in, int code, const char *why)
{
	struct call_answer a = { .status = CALL_FAILED, .code = (uint32_t)code,
	                         .rest = bytes_text(why ? why : "") };

	if (!in || !in->service)
		return LENO_ARGUMENT;
	if (a.rest.size > LENO_TYPE_MAX)
		a.rest.size = LENO_TYPE_MAX;
	return answer(in, &a);
}

int leno_call_progress(leno_incoming *in, leno_bytes value)
{
	struct item item = { .kind = ITEM_MESSAGE };
	uint8_t head[9];
	struct writer w = writer_of(head, sizeof head);

	if (!in || !in->service || !leno_unpack_ok(value))
		return LENO_ARGUMENT;
	if (in->cancelled || in->node->leaving)
		return LENO_CLOSED;
	if (in->local)
		return calls_local_progress(in->node, in->key.request, value);
	write_varint(&w, in->key.request);
	return send_parts(in->peer, &item, PROGRESS_TYPE, writer_bytes(&w),
	                  bytes_of(value.data, value.size), NULL);
}

int leno_call_stream(leno_incoming *in, const leno_stream_handlers *handlers, void *user,
                     leno_stream **ret)
{
	char topic[sizeof CALL_TOPIC + 20], *at = topic + sizeof topic - 1;
	uint64_t number;
	int error;

	if (!in || !in->service)
		return LENO_ARGUMENT;
	if (in->cancelled)
		return LENO_CLOSED;
	number = in->key.request;
	for (*at = '\0'; number > 0; number /= 10)
		*--at = (char)('0' + number % 10);
	at -= sizeof CALL_TOPIC - 1;
	memcpy(at, CALL_TOPIC, sizeof CALL_TOPIC - 1);
	error = leno_stream_open(in->node, &in->from, at, handlers, user, ret);
	if (!error)
		in->streams_below = in->peer->flows->next_ours;
	return error;
}

/* ---- nobody waits for it ----------------------------------------------------------------- */

/* One that waits ends here; of one that runs the application hears, and still owes an end. */
static void cancel(leno_incoming *in, bool say_so)
{
	leno_node *n = in->node;
	struct service *v = in->service;

	list_remove(&in->of_peer);
	in->peer = NULL;
	if (!list_empty(&in->queue)) {
		v->desk.waiting--;
		if (v->retired) {
			list_append(&n->services->due, &v->due);
			services_wake(n);
		}
		incoming_free(in);
		return;
	}
	if (!v) {                              /* answered, and not sent */
		incoming_free(in);
		return;
	}
	if (in->cancelled)
		return;
	in->cancelled = true;
	timers_set(&n->timers, &in->timer, NEVER);
	list_append(&n->services->own, &in->of_peer);
	if (say_so && v->cancelled && !n->leaving)
		v->cancelled(n, v->user, in);
}

/* The caller may not have lost us: one that was not begun is told so, and of what runs the
 * application hears, whose answer goes when there is a path again. */
static void lose(leno_incoming *in)
{
	const struct caller to = { in->node, in->peer, in->key.request };
	struct service *v = in->service;

	if (!list_empty(&in->queue)) {
		v->desk.waiting--;
		turn_away(&to, CALL_NO_SERVICE, NULL, "");
		incoming_free(in);
		if (v->retired) {
			list_append(&to.node->services->due, &v->due);
			services_wake(to.node);
		}
	} else if (!in->cancelled) {
		in->cancelled = true;
		timers_set(&in->node->timers, &in->timer, NEVER);
		if (v->cancelled)
			v->cancelled(in->node, v->user, in);
	}
}

void provide_cancel(struct peer *p, const struct item *item)
{
	struct reader r = reader_of(item->data);
	const struct incoming_key key = { p->life, read_varint(&r) };
	leno_incoming *in = map_get(&p->node->services->incoming, &key);

	if (in && read_end(&r))
		cancel(in, true);
	else if (!read_end(&r))
		node_count_refusal(p->node, LENO_PROTOCOL);
}

void provide_cancel_local(leno_node *n, uint64_t number)
{
	leno_incoming *in = map_get(&n->services->incoming, &(struct incoming_key){ 0, number });

	if (in && n->depth > 0)
		cancel(in, true);
	else if (in)                           /* handlers run in inputs only */
		timers_set(&n->timers, &in->timer, n->now_us);
}

void provide_part(struct peer *p, struct list *ret_parted)
{
	while (!list_empty(&p->serving)) {
		leno_incoming *in = list_item(p->serving.next, leno_incoming, of_peer);
		bool unheard = list_empty(&in->queue) && !in->cancelled;

		cancel(in, false);
		if (unheard)
			list_append(ret_parted, &in->of_peer);
	}
	while (!list_empty(&p->unsent))
		cancel(list_item(p->unsent.next, leno_incoming, of_peer), false);
}

/* Handlers may answer others of the list meanwhile: so always the first. */
void provide_parted(leno_node *n, struct list *parted)
{
	while (!list_empty(parted)) {
		leno_incoming *in = list_item(parted->next, leno_incoming, of_peer);
		struct service *v = in->service;

		list_append(&n->services->own, &in->of_peer);
		if (v->cancelled && !n->leaving)
			v->cancelled(n, v->user, in);
	}
}

void provide_lost(struct peer *p)
{
	struct list now;

	list_init(&now);
	while (!list_empty(&p->serving))
		list_append(&now, p->serving.next);
	while (!list_empty(&now)) {
		leno_incoming *in = list_item(now.next, leno_incoming, of_peer);

		list_append(&p->serving, &in->of_peer);
		if (!p->node->leaving)
			lose(in);
	}
}

void provide_forget(struct peer *p)
{
	struct list parted;

	list_init(&parted);
	provide_part(p, &parted);
	while (!list_empty(&parted))
		list_append(&p->node->services->own, parted.next);
}

void provide_due(struct timer *t)
{
	cancel(list_item(t, leno_incoming, timer), true);
}

void provide_free(leno_node *n)
{
	struct services *s = n->services;
	size_t cursor = 0;

	for (leno_incoming *in; (in = map_next(&s->incoming, &cursor)); cursor = 0)
		incoming_free(in);
	while (!list_empty(&s->idle)) {
		leno_incoming *in = list_item(s->idle.next, leno_incoming, queue);

		list_remove(&in->queue);
		timers_release(&n->timers, &in->timer);
		mem_free(in);
	}
	map_clear(&s->incoming);
}
