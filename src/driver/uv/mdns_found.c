/* mdns_found.c - see mdns_found.h. */
#include "driver/uv/mdns_found.h"

#include "base/mem.h"
#include "driver/uv/interfaces.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_ms(const struct finder *f)
{
	return uv_now(&f->driver->loop);
}

void finder_init(struct finder *f, struct driver *d)
{
	*f = (struct finder){ .driver = d, .since_ms = uv_now(&d->loop) };
	list_init(&f->all);
}

/* ---- names ------------------------------------------------------------------------- */

static void drop(struct finder *f, struct found *x)
{
	if (x->state >= FOUND_TRIED)
		leno_engine_forget(f->driver->node, x->uri);
	x->lookup = mdns_stack_forget(f->stack, x->lookup);
	list_remove(&x->in);
	f->n--;
	mem_free(x);
}

static bool same_name(const struct mdns_name *a, const struct mdns_name *b)
{
	return a->interface == b->interface && strcmp(a->text, b->text) == 0;
}

static struct found *find(const struct finder *f, const struct mdns_name *name)
{
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		if (same_name(&x->name, name))
			return x;
	}
	return NULL;
}

static bool is_own(const struct finder *f, const struct mdns_name *name)
{
	char id[LENO_ID_TEXT];

	leno_id_text(leno_self(f->driver->node), id);
	return strncmp(name->text, id, sizeof id - 1) == 0;
}

/* A lookup is closed outside of the stack's events alone, so its name does not give way. */
static bool make_room(struct finder *f)
{
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		if (x->state < FOUND_TRIED && !x->lookup && !x->linked) {
			drop(f, x);
			return true;
		}
	}
	return false;
}

void finder_seen(struct finder *f, const struct mdns_name *name, unsigned by)
{
	struct found *x = find(f, name);

	if (x) {
		x->by |= by;
		return;
	}
	if (is_own(f, name) || (f->n >= FOUND_MAX && !make_room(f)))
		return;
	x = mem_new(sizeof *x);
	if (!x)
		return;
	x->name = *name;
	x->by = by;
	x->due_ms = now_ms(f);
	list_init(&x->in);
	list_append(&f->all, &x->in);
	f->n++;
}

void finder_lost(struct finder *f, const struct mdns_name *name, unsigned by)
{
	struct found *x = find(f, name);

	if (x)
		x->by &= ~by;
}

/* ---- lookups ------------------------------------------------------------------------ */

/* Later each time. */
static void rest(struct finder *f, struct found *x)
{
	uint64_t delay = FOUND_REST_MS;

	for (unsigned i = 0; i < x->failures && delay < FOUND_REST_MAX_MS; i++)
		delay *= 2;
	x->failures++;
	x->state = FOUND_SEEN;
	x->due_ms = now_ms(f) + (delay < FOUND_REST_MAX_MS ? delay : FOUND_REST_MAX_MS);
}

/* "mdns:" before what it is: an address of the application's own is another dial. What would go by a
 * proxy is not believed: an address of this link means another machine where the proxy stands. */
static bool make_uri(struct driver *d, const struct mdns_service *s, char ret[URI_TEXT])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&s->at;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&s->at;
	char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE + 1] = "";
	struct address parsed;

	if (s->at.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(ret, URI_TEXT, MDNS_URI "%s://%s:%u", s->text.scheme, host,
		         (unsigned)ntohs(v4->sin_port));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		scope[0] = v6->sin6_scope_id ? '%' : '\0';
		if (v6->sin6_scope_id && !if_indextoname(v6->sin6_scope_id, scope + 1))
			return false;
		snprintf(ret, URI_TEXT, MDNS_URI "%s://[%s%s]:%u", s->text.scheme, host, scope,
		         (unsigned)ntohs(v6->sin6_port));
	}
	return address_parse(ret + strlen(MDNS_URI), &parsed) == 0 && address_is_net(&parsed) &&
	       !door_by_proxy(d, parsed.kind) && door_check_dial(d, parsed.kind) == 0;
}

/* Is it another node of this network, at an address that may be dialled? */
static bool believe(struct finder *f, struct found *x, const struct mdns_service *s)
{
	struct interface_address own[INTERFACES_MAX];
	size_t n = interfaces_list(own);

	if (strcmp(s->text.network, f->driver->tag) != 0 ||
	    leno_id_same(&s->text.id, leno_self(f->driver->node)))
		return false;
	x->id = s->text.id;
	return interfaces_on_link(own, n, x->name.interface, &s->at) &&
	       make_uri(f->driver, s, x->uri);
}

void finder_answer(struct finder *f, struct found *x, const struct mdns_service *s)
{
	uint64_t now = now_ms(f);

	if (x->state != FOUND_ASKED || x->answered)
		return;
	x->answered = true;
	if (!s || !believe(f, x, s)) {
		rest(f, x);
		return;
	}
	x->state = FOUND_READY;
	x->due_ms = now;
	if (x->failures == 0 && now - f->since_ms > FOUND_SETTLED_MS)
		x->due_ms += FOUND_YIELD_MS;
}

/* ---- who is linked -------------------------------------------------------------------- */

static bool mark_link(void *arg, const leno_link_info *link)
{
	struct finder *f = arg;

	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		if (x->state < FOUND_READY || !leno_id_same(&x->id, &link->id))
			continue;
		x->linked = true;
		x->by_us = link->dialled && strcmp(link->uri, x->uri + strlen(MDNS_URI)) == 0;
	}
	return true;
}

static bool mark_node(void *arg, const leno_info *info)
{
	struct finder *f = arg;

	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		if (x->state == FOUND_READY && leno_id_same(&x->id, &info->id))
			x->reached = true;
	}
	return true;
}

static void mark(struct finder *f)
{
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		x->linked = x->by_us = x->reached = false;
	}
	leno_links(f->driver->node, mark_link, f);
}

/* ---- turns ----------------------------------------------------------------------------- */

struct counts {
	size_t asked, tried, held;
};

static struct counts count(const struct finder *f)
{
	struct counts c = { 0 };

	list_each (it, after, &f->all) {
		const struct found *x = list_item(it, struct found, in);

		c.asked += x->lookup != NULL;
		c.tried += x->state == FOUND_TRIED;
		c.held += x->state == FOUND_HELD;
	}
	return c;
}

/* Is this node being dialled at another of its addresses? */
static bool tried_elsewhere(const struct finder *f, const struct found *than)
{
	list_each (it, after, &f->all) {
		const struct found *x = list_item(it, struct found, in);

		if (x != than && x->state >= FOUND_TRIED &&
		    (leno_id_same(&x->id, &than->id) || strcmp(x->uri, than->uri) == 0))
			return true;
	}
	return false;
}

static void ask(struct finder *f, struct found *x, struct counts *c)
{
	if (!f->stack || c->asked >= FOUND_LOOKUPS_MAX)
		return;
	x->answered = false;
	x->lookup = mdns_stack_look(f->stack, &x->name, x);
	if (!x->lookup) {
		rest(f, x);
		return;
	}
	x->state = FOUND_ASKED;
	c->asked++;
}

static void try(struct finder *f, struct found *x, struct counts *c)
{
	uint64_t now = now_ms(f);

	if (x->linked || tried_elsewhere(f, x) ||
	    (x->reached && c->held + c->tried >= FOUND_HELD_MAX)) {
		x->due_ms = now + FOUND_CHECK_MS;
		return;
	}
	if (c->tried >= FOUND_TRIES_MAX)
		return;
	if (leno_engine_connect(f->driver->node, x->uri) < 0) {
		rest(f, x);
		return;
	}
	x->state = FOUND_TRIED;
	x->due_ms = now + FOUND_TRY_MS;
	c->tried++;
}

/* A dial that is not wanted any more. */
static void leave(struct finder *f, struct found *x)
{
	leno_engine_forget(f->driver->node, x->uri);
	x->state = FOUND_READY;
	x->due_ms = now_ms(f) + FOUND_CHECK_MS;
}

static void look_at_try(struct finder *f, struct found *x)
{
	if (x->linked) {
		x->failures = 0;
		if (x->by_us) {
			x->state = FOUND_HELD;
			x->due_ms = now_ms(f) + FOUND_CHECK_MS;
		} else {
			leave(f, x);
		}
	} else if (now_ms(f) >= x->due_ms) {
		leave(f, x);
		rest(f, x);
	}
}

/* Links are replaced by others to the same node without a word: only then it is given up. */
static void look_at_held(struct finder *f, struct found *x)
{
	if (x->linked && !x->by_us) {
		leave(f, x);
	} else if (x->linked) {
		x->due_ms = now_ms(f) + FOUND_CHECK_MS;
	} else {
		x->state = FOUND_TRIED;
		x->due_ms = now_ms(f) + FOUND_TRY_MS;
	}
}

/* One name's turn; false: it is gone. */
static bool turn(struct finder *f, struct found *x, struct counts *c)
{
	uint64_t now = now_ms(f);

	if (x->answered && x->lookup) {
		x->lookup = mdns_stack_forget(f->stack, x->lookup);
		c->asked--;
	}
	if (!x->by && !x->linked) {
		drop(f, x);
		return false;
	}
	switch (x->state) {
	case FOUND_SEEN:
		if (now >= x->due_ms)
			ask(f, x, c);
		break;
	case FOUND_ASKED: break;
	case FOUND_READY:
		if (now >= x->due_ms)
			try(f, x, c);
		break;
	case FOUND_TRIED: look_at_try(f, x); break;
	case FOUND_HELD:
		if (now >= x->due_ms || !x->linked)
			look_at_held(f, x);
		break;
	}
	return true;
}

/* When this name has its turn by itself. */
static uint64_t next_ms(const struct finder *f, const struct found *x)
{
	uint64_t now = now_ms(f);

	if (x->state == FOUND_ASKED)
		return NEVER_MS;
	if (x->state == FOUND_TRIED)
		return now + FOUND_LOOK_MS;
	/* It waits for its place: one comes free at the next look. */
	return x->due_ms > now ? x->due_ms : now + FOUND_LOOK_MS;
}

uint64_t finder_turn(struct finder *f)
{
	struct counts c;
	uint64_t next = NEVER_MS;

	mark(f);
	c = count(f);
	if (c.held + c.tried >= FOUND_HELD_MAX)
		leno_nodes(f->driver->node, mark_node, f);
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);
		uint64_t due;

		if (!turn(f, x, &c))
			continue;
		due = next_ms(f, x);
		next = due < next ? due : next;
	}
	return next;
}

/* ---- ends ------------------------------------------------------------------------------ */

void finder_unstack(struct finder *f)
{
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		x->by = 0;
		if (x->state == FOUND_ASKED)
			rest(f, x);
		x->lookup = mdns_stack_forget(f->stack, x->lookup);
		x->answered = false;
	}
	f->stack = NULL;
	f->since_ms = now_ms(f);
}

void finder_clear(struct finder *f)
{
	finder_unstack(f);
	list_each (it, after, &f->all) {
		struct found *x = list_item(it, struct found, in);

		if (x->state >= FOUND_TRIED)
			leno_engine_forget(f->driver->node, x->uri);
		list_remove(&x->in);
		mem_free(x);
	}
	f->n = 0;
}
