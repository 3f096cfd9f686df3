/* offers.c - what this node offers, and what it knows that others offer. */
#include "node/services.h"

#include "base/mem.h"

/* ---- copying a service ----------------------------------------------------------- */

static bool good_lines(const leno_service *s, size_t *ret_size)
{
	struct method m;

	*ret_size = 0;
	if (s->n_methods > METHODS_MAX || (s->n_methods > 0 && !s->methods))
		return false;
	for (size_t i = 0; i < s->n_methods; i++) {
		const char *line = s->methods[i].line;

		if (!line || strnlen(line, METHOD_LINE_MAX + 1) > METHOD_LINE_MAX ||
		    !contract_read(bytes_text(line), &m) ||
		    !s->methods[i].call != !!(m.flags & METHOD_EVENT))
			return false;
		*ret_size += strlen(line) + 1;
	}
	return *ret_size <= CONTRACT_MAX;
}

static bool good_service(const char *name, const leno_service *s, size_t *ret_size)
{
	if (!name || !s || !name_ok(bytes_text(name), LENO_SERVICE_MAX, true) ||
	    (s->version && !version_ok(bytes_text(s->version))) ||
	    s->n_labels > SERVICE_LABELS_MAX || (s->n_labels > 0 && !s->labels) ||
	    !good_lines(s, ret_size))
		return false;
	*ret_size += s->version ? strlen(s->version) + 1 : 1;
	for (size_t i = 0; i < s->n_labels; i++) {
		if (!s->labels[i] || !node_text_ok(bytes_text(s->labels[i]), LABEL_MAX))
			return false;
		*ret_size += strlen(s->labels[i]) + 1;
	}
	return true;
}

static const char *copy_text(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copied = *at;

	memcpy(copied, text, size);
	*at += size;
	return copied;
}

/* The lines first, a newline after each: that is the contract. */
static void copy_in(struct service *v, const leno_service *s, char *at)
{
	const char *from = at;

	for (size_t i = 0; i < s->n_methods; i++) {
		const char *line = copy_text(&at, s->methods[i].line);
		bool read = contract_read(bytes_text(line), &v->methods[i]);

		assert(read);                  /* good_lines() has read it */
		(void)read;
		v->functions[i] = s->methods[i].call;
		at[-1] = '\n';
	}
	v->contract = bytes_of(from, (size_t)(at - from));
	v->hash = contract_hash(v->contract);
	v->version = copy_text(&at, s->version ? s->version : "");
	for (v->n_labels = 0; v->n_labels < s->n_labels; v->n_labels++)
		v->labels[v->n_labels] = copy_text(&at, s->labels[v->n_labels]);
}

static struct service *service_new(leno_node *n, const char *name, const leno_service *s,
                                   size_t texts, void *user)
{
	size_t each = sizeof(struct method) + sizeof(leno_method_fn *);
	struct service *v = mem_new(sizeof *v + s->n_methods * each + texts);

	if (!v)
		return NULL;
	v->node = n;
	service_key_of(bytes_text(name), &v->key);
	v->methods = (struct method *)(void *)(v + 1);
	v->functions = (leno_method_fn **)(void *)(v->methods + s->n_methods);
	v->n_methods = s->n_methods;
	copy_in(v, s, (char *)(v->functions + s->n_methods));
	v->desk.concurrency = s->concurrency ? s->concurrency : LENO_CONCURRENCY;
	v->desk.waiting_max = s->waiting == UINT32_MAX ? 0 : s->waiting ? s->waiting : LENO_WAITING;
	v->cancelled = s->cancelled;
	v->drained = s->drained;
	v->user = user;
	list_init(&v->all);
	list_init(&v->due);
	list_init(&v->waiting);
	return v;
}

/* ---- offering --------------------------------------------------------------------- */

struct service *offers_find(leno_node *n, struct bytes name)
{
	list_each (it, next, &n->services->offered) {
		struct service *v = list_item(it, struct service, all);

		if (bytes_same(bytes_text(v->key.text), name))
			return v;
	}
	return NULL;
}

/* In the order of their names, as offer.h wants them. */
static void insert(leno_node *n, struct service *v)
{
	struct list *at = n->services->offered.next;

	while (at != &n->services->offered &&
	       memcmp(list_item(at, struct service, all)->key.text, v->key.text,
	              sizeof v->key.text) < 0)
		at = at->next;
	list_append(at, &v->all);              /* before it */
	n->services->n_offered++;
}

static void take_out(leno_node *n, struct service *v)
{
	list_remove(&v->all);
	n->services->n_offered--;
}

static void retire(leno_node *n, struct service *v)
{
	v->retired = true;
	list_append(&n->services->retired, &v->all);
	list_append(&n->services->due, &v->due);
	services_wake(n);
}

void offers_free(leno_node *n, struct service *v)
{
	(void)n;
	list_remove(&v->all);
	list_remove(&v->due);
	mem_free(v);
}

static void list_own(leno_node *n, struct offers *ret)
{
	ret->n = 0;
	list_each (it, next, &n->services->offered) {
		struct service *v = list_item(it, struct service, all);
		struct offer *o = &ret->at[ret->n++];

		v->told_load = desk_load(&v->desk);
		*o = (struct offer){ .name = bytes_text(v->key.text),
			             .version = bytes_text(v->version),
			             .hash = v->hash,
			             .load = v->told_load,
			             .n_labels = v->n_labels };
		for (size_t i = 0; i < v->n_labels; i++)
			o->labels[i] = bytes_text(v->labels[i]);
	}
	emit_patterns(n, ret);
}

int offers_publish(leno_node *n)
{
	uint8_t buf[EXTENSIONS_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct offers own;
	bool none;
	int error;

	list_own(n, &own);
	none = own.n == 0 && own.n_patterns == 0;
	offers_write(&w, &own);
	if (w.full)
		return LENO_LIMIT;
	error = mesh_extend(n->mesh, EXTENSION_SERVICES,
	                    none ? bytes_of(NULL, 0) : writer_bytes(&w), n->now_us);
	if (!error)
		error = directory_set(&n->services->directory, &n->identity.id, &own);
	n->services->load_us = n->now_us;
	services_wake(n);
	return error;
}

static int check(const leno_node *n)
{
	if (!n || n->options.visitor)
		return LENO_ARGUMENT;
	return n->leaving ? LENO_CLOSED : 0;
}

int leno_service_register(leno_node *n, const char *name, const leno_service *s, void *user)
{
	struct service *old, *v;
	size_t texts;
	int error = check(n);

	if (!error && !good_service(name, s, &texts))
		error = LENO_ARGUMENT;
	if (error)
		return error;
	old = offers_find(n, bytes_text(name));
	if (!old && n->services->n_offered == SERVICES_MAX)
		return LENO_LIMIT;
	v = service_new(n, name, s, texts, user);
	if (!v)
		return LENO_MEMORY;
	if (old)
		take_out(n, old);
	insert(n, v);
	error = offers_publish(n);
	if (!error) {
		if (old)
			retire(n, old);
		return 0;
	}
	take_out(n, v);
	offers_free(n, v);
	if (old)
		insert(n, old);
	offers_publish(n);                     /* it fitted before */
	return error;
}

int leno_service_unregister(leno_node *n, const char *name)
{
	struct service *v;
	int error = name ? check(n) : LENO_ARGUMENT;

	if (error)
		return error;
	v = offers_find(n, bytes_text(name));
	if (!v)
		return LENO_NO_SERVICE;
	take_out(n, v);
	retire(n, v);
	offers_publish(n);
	return 0;
}

/* How long after the last record a change of this load waits; NEVER: it is worth none. */
static uint64_t load_gap(uint8_t told, uint8_t load)
{
	bool full = load >= LOAD_BUSY, told_full = told >= LOAD_BUSY;
	int by = load > told ? load - told : told - load;

	if (full != told_full || by >= (full ? LOAD_QUEUE : LOAD_MUCH))
		return LOAD_MUCH_US;
	return by >= LOAD_STEP ? LOAD_US : NEVER;
}

/* When the loads that others know are to be replaced; NEVER: they are right. */
static uint64_t load_due(const struct services *s)
{
	uint64_t gap = NEVER;

	list_each (it, next, &s->offered) {
		const struct service *v = list_item(it, struct service, all);
		uint64_t own = load_gap(v->told_load, desk_load(&v->desk));

		gap = own < gap ? own : gap;
	}
	return gap == NEVER ? NEVER : s->load_us + gap;
}

static void look(leno_node *n, uint64_t due_us)
{
	n->services->look_us = NEVER;
	if (due_us == NEVER)
		n->services->load_us = n->now_us;
	else if (n->now_us >= due_us)
		offers_publish(n);
}

/* Answers tell how busy we are at once; those who call for the first time know the record alone.
 * What is seen to have changed is looked at a little later, when what came together is there,
 * and what was over soon is no change. So a load that goes up and down is told as it is most of
 * the time. */
void offers_load(leno_node *n)
{
	struct services *s = n->services;
	uint64_t due_us;

	if (n->now_us >= s->look_us)
		look(n, load_due(s));
	due_us = load_due(s);
	if (due_us == NEVER && s->look_us == NEVER)
		return;
	if (due_us < n->now_us + LOAD_SETTLE_US)
		due_us = n->now_us + LOAD_SETTLE_US;
	if (due_us < s->look_us)
		s->look_us = due_us;
	if (s->timer.slot == 0 || s->look_us < s->timer.due_us)
		timers_set(&n->timers, &s->timer, s->look_us);
}

/* ---- what others offer -------------------------------------------------------------- */

void offers_heard(leno_node *n, const leno_id *id)
{
	struct mesh_node m;
	struct bytes value;
	struct offers all;
	int error;

	if (!mesh_get(n->mesh, id, &m))
		return;
	all.n = all.n_patterns = 0;
	if (extensions_find(m.extensions, EXTENSION_SERVICES, &value) && !offers_read(value, &all))
		node_count_refusal(n, LENO_PROTOCOL);
	if (admit_observes(n, id))         /* it may hear of things, and offers nothing */
		all.n = 0;
	error = directory_set(&n->services->directory, id, &all);
	if (error)
		events_log(n, LENO_LOG_WARN, "what %s offers is not listed: %s", m.name,
		           leno_strerror(error));
}

void offers_down(leno_node *n, const leno_id *id)
{
	struct offers none;

	none.n = none.n_patterns = 0;
	directory_set(&n->services->directory, id, &none);
}

static leno_service_info info_of(const struct place *p)
{
	return (leno_service_info){ .name = p->texts, .version = p->version, .node = p->node,
	                            .hash = p->hash, .load = p->load, .n_labels = p->n_labels,
	                            .labels = p->labels };
}

void offers_settle(leno_node *n)
{
	struct place *p;
	leno_service_info info;

	while (!n->leaving && (p = directory_next(&n->services->directory))) {
		info = info_of(p);
		if (p->gone && n->handlers.service_down)
			n->handlers.service_down(n, n->user, &info);
		else if (!p->gone && n->handlers.service_up)
			n->handlers.service_up(n, n->user, &info);
		if (!p->gone)
			calls_come(n, p->texts, &p->node);
	}
}

void leno_services(leno_node *n, bool (*fn)(void *arg, const leno_service_info *), void *arg)
{
	struct place *p = NULL;
	size_t cursor = 0;

	while ((p = directory_each(&n->services->directory, &cursor, p))) {
		leno_service_info info = info_of(p);

		if (!fn(arg, &info))
			return;
	}
}

int leno_service_describe(leno_node *n, const leno_id *id, const char *name, leno_ms timeout,
                          leno_done_fn *done, void *user)
{
	if (!name || !name_ok(bytes_text(name), LENO_SERVICE_MAX, true))
		return LENO_ARGUMENT;
	return leno_request(n, id, CONTRACT_TYPE, (leno_bytes){ name, strlen(name) }, timeout, done,
	                    user, NULL);
}

void offers_describe(struct peer *p, const struct item *item)
{
	struct service *v = offers_find(p->node, item->data);
	leno_message m = {
		.node = p->node, .from = p->id, .life = p->life, .request = item->request
	};

	if (v)
		leno_reply(&m, (leno_bytes){ v->contract.data, v->contract.size });
	else
		leno_refuse(&m, LENO_NO_SERVICE, leno_strerror(LENO_NO_SERVICE));
}
