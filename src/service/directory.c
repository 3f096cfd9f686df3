/* directory.c - see directory.h. */
#include "service/directory.h"

#include "base/mem.h"

void directory_init(struct directory *d, size_t nodes_max, const uint8_t seed[16])
{
	*d = (struct directory){ .last = NULL };
	map_init(&d->nodes, offsetof(struct known_node, id), sizeof(leno_id), nodes_max, seed);
	map_init(&d->services, offsetof(struct known_service, key), sizeof(struct service_key),
	         nodes_max * SERVICES_MAX, seed);
	list_init(&d->changes);
	list_init(&d->hearing);
}

bool service_key_of(struct bytes name, struct service_key *ret)
{
	if (name.size > LENO_SERVICE_MAX)
		return false;
	memset(ret, 0, sizeof *ret);
	bytes_copy(ret->text, name.data, name.size);
	return true;
}

struct known_service *directory_find(struct directory *d, struct bytes name)
{
	struct service_key key;
	struct known_service *s;

	if (d->found && bytes_same(bytes_text(d->found->key.text), name))
		return d->found;
	s = service_key_of(name, &key) ? map_get(&d->services, &key) : NULL;
	if (s)
		d->found = s;
	return s;
}

struct place *directory_place(struct directory *d, struct bytes name, const leno_id *node)
{
	struct known_service *s = directory_find(d, name);

	if (!s)
		return NULL;
	list_each (it, next, &s->places) {
		struct place *p = list_item(it, struct place, of_service);

		if (leno_id_same(&p->node, node))
			return p;
	}
	return NULL;
}

/* ---- places -------------------------------------------------------------------- */

static struct known_service *need_service(struct directory *d, struct bytes name)
{
	struct known_service *s = directory_find(d, name);

	if (s)
		return s;
	s = mem_new(sizeof *s);
	if (!s)
		return NULL;
	service_key_of(name, &s->key);
	list_init(&s->places);
	return map_put(&d->services, s) ? mem_free(s) : s;
}

static void drop_service(struct directory *d, struct known_service *s)
{
	if (!list_empty(&s->places))
		return;
	map_remove(&d->services, &s->key);
	if (d->found == s)
		d->found = NULL;
	mem_free(s);
}

static struct place *place_new(struct directory *d, const leno_id *node, const struct offer *o)
{
	struct known_service *s = need_service(d, o->name);
	size_t texts = LENO_SERVICE_MAX + 1;
	struct place *p;
	char *at;

	if (!s)
		return NULL;
	for (size_t i = 0; i < o->n_labels; i++)
		texts += o->labels[i].size + 1;
	p = mem_new(sizeof *p + texts);
	if (!p) {
		drop_service(d, s);
		return NULL;
	}
	p->service = s;
	p->node = *node;
	bytes_copy(p->version, o->version.data, o->version.size);
	at = p->texts + LENO_SERVICE_MAX + 1; /* before them the name: it outlives `service` */
	memcpy(p->texts, s->key.text, LENO_SERVICE_MAX + 1);
	for (p->n_labels = 0; p->n_labels < o->n_labels; p->n_labels++) {
		struct bytes label = o->labels[p->n_labels];

		bytes_copy(at, label.data, label.size);
		p->labels[p->n_labels] = at;
		at += label.size + 1;
	}
	list_init(&p->of_service);
	list_init(&p->of_node);
	list_init(&p->change);
	list_append(&s->places, &p->of_service);
	list_init(&p->change);
	list_append(&d->changes, &p->change);
	return p;
}

static bool same_labels(const struct place *p, const struct offer *o)
{
	if (p->n_labels != o->n_labels)
		return false;
	for (size_t i = 0; i < p->n_labels; i++)
		if (!bytes_same(bytes_text(p->labels[i]), o->labels[i]))
			return false;
	return true;
}

static void place_go(struct directory *d, struct place *p)
{
	struct known_service *s = p->service;

	list_remove(&p->of_service);
	list_remove(&p->of_node);
	p->service = NULL;
	p->gone = true;
	drop_service(d, s);
	if (p->told) {
		list_append(&d->changes, &p->change);
	} else {
		list_remove(&p->change);
		mem_free(p);
	}
}

/* ---- nodes ---------------------------------------------------------------------- */

static void forget_patterns(struct known_node *k)
{
	list_remove(&k->hears);
	k->patterns = mem_free(k->patterns);
	k->n_patterns = 0;
}

static bool set_patterns(struct directory *d, struct known_node *k, const struct offers *all)
{
	size_t size = all->n_patterns * sizeof *k->patterns;
	uint8_t *at;

	forget_patterns(k);
	if (all->n_patterns == 0)
		return true;
	for (size_t i = 0; i < all->n_patterns; i++)
		size += all->patterns[i].size;
	k->patterns = mem_new(size);
	if (!k->patterns)
		return false;
	at = (uint8_t *)(k->patterns + all->n_patterns);
	for (; k->n_patterns < all->n_patterns; k->n_patterns++) {
		struct bytes p = all->patterns[k->n_patterns];

		bytes_copy(at, p.data, p.size);
		k->patterns[k->n_patterns] = bytes_of(at, p.size);
		at += p.size;
	}
	list_append(&d->hearing, &k->hears);
	return true;
}

static void node_go(struct directory *d, struct known_node *k)
{
	list_each (it, next, &k->places)
		place_go(d, list_item(it, struct place, of_node));
	forget_patterns(k);
	map_remove(&d->nodes, &k->id);
	mem_free(k);
}

static struct known_node *need_node(struct directory *d, const leno_id *id, int *ret_error)
{
	struct known_node *k = map_get(&d->nodes, id);

	if (k)
		return k;
	*ret_error = LENO_MEMORY;
	k = mem_new(sizeof *k);
	if (!k)
		return NULL;
	k->id = *id;
	list_init(&k->places);
	list_init(&k->hears);
	*ret_error = map_put(&d->nodes, k);
	return *ret_error ? mem_free(k) : k;
}

static struct place *same_place(const struct known_node *k, const struct offer *o)
{
	list_each (it, next, &k->places) {
		struct place *p = list_item(it, struct place, of_node);

		if (bytes_same(bytes_text(p->texts), o->name) &&
		    bytes_same(bytes_text(p->version), o->version) && same_labels(p, o))
			return p;
	}
	return NULL;
}

/* What is there anew comes before what goes: a service that another version takes over from
 * is never without a provider. */
static bool set_places(struct directory *d, struct known_node *k, const struct offers *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct offer *o = &all->at[i];
		struct place *p = same_place(k, o);

		if (!p)
			p = place_new(d, &k->id, o);
		if (!p)
			return false;
		p->hash = o->hash;
		p->load = o->load;
		p->kept = true;
		list_append(&k->places, &p->of_node);
	}
	list_each (it, next, &k->places) {
		struct place *p = list_item(it, struct place, of_node);

		if (!p->kept)
			place_go(d, p);
		else
			p->kept = false;
	}
	return true;
}

int directory_set(struct directory *d, const leno_id *id, const struct offers *all)
{
	struct known_node *k = map_get(&d->nodes, id);
	int error = 0;

	if (!k && all->n == 0 && all->n_patterns == 0)
		return 0;
	k = need_node(d, id, &error);
	if (!k)
		return error;
	if (!set_places(d, k, all) || !set_patterns(d, k, all)) {
		node_go(d, k);
		return LENO_MEMORY;
	}
	if (list_empty(&k->places) && k->n_patterns == 0)
		node_go(d, k);
	return 0;
}

struct place *directory_next(struct directory *d)
{
	struct place *p;

	d->last = mem_free(d->last);
	if (list_empty(&d->changes))
		return NULL;
	p = list_item(d->changes.next, struct place, change);
	list_remove(&p->change);
	p->told = true;
	if (p->gone)
		d->last = p;
	return p;
}

void directory_clear(struct directory *d)
{
	size_t cursor = 0;

	for (struct known_node *k; (k = map_next(&d->nodes, &cursor)); cursor = 0)
		node_go(d, k);
	while (directory_next(d))
		;
	map_clear(&d->nodes);
	map_clear(&d->services);
}

/* ---- asking --------------------------------------------------------------------- */

struct place *directory_each(const struct directory *d, size_t *cursor, struct place *last)
{
	struct known_service *s = last ? last->service : NULL;

	if (s && last->of_service.next != &s->places)
		return list_item(last->of_service.next, struct place, of_service);
	do
		s = map_next(&d->services, cursor);
	while (s && list_empty(&s->places));
	return s ? list_item(s->places.next, struct place, of_service) : NULL;
}

static bool has_label(const struct place *p, const char *label)
{
	for (size_t i = 0; label && i < p->n_labels; i++)
		if (strcmp(p->labels[i], label) == 0)
			return true;
	return !label;
}

static bool fits(const struct place *p, const struct place_filter *f, const char *version)
{
	if (!has_label(p, f->label) || (version && strcmp(p->version, version) != 0))
		return false;
	for (size_t i = 0; i < f->n_not; i++)
		if (leno_id_same(&f->not_these[i], &p->node))
			return false;
	for (size_t i = 0; i < f->n_not_hashes; i++)
		if (f->not_hashes[i] == p->hash)
			return false;
	return true;
}

bool directory_fits(const struct place *p, const struct place_filter *f)
{
	return fits(p, f, f->version);
}

/* The newest version of those that could be asked. */
static const char *newest(const struct known_service *s, const struct place_filter *f)
{
	const char *best = NULL;

	list_each (it, next, &s->places) {
		const struct place *p = list_item(it, struct place, of_service);

		if (fits(p, f, NULL) &&
		    (!best || version_order(bytes_text(p->version), bytes_text(best)) > 0))
			best = p->version;
	}
	return best;
}

static struct place *nth(const struct known_service *s, const struct place_filter *f,
                         const char *version, uint64_t n)
{
	list_each (it, next, &s->places) {
		struct place *p = list_item(it, struct place, of_service);

		if (fits(p, f, version) && n-- == 0)
			return p;
	}
	return NULL;
}

unsigned directory_pick(struct directory *d, struct bytes name, const struct place_filter *f,
                        uint64_t chance, struct place *ret[2])
{
	const struct known_service *s = directory_find(d, name);
	const char *version = f->version;
	uint64_t count = 0, first;

	if (s && !version)
		version = newest(s, f);
	if (!s || !version)
		return 0;
	list_each (it, next, &s->places)
		count += fits(list_item(it, struct place, of_service), f, version);
	if (count == 0)
		return 0;
	first = (chance & UINT32_MAX) % count;
	ret[0] = nth(s, f, version, first);
	if (count == 1)
		return 1;
	ret[1] = nth(s, f, version, (first + 1 + (chance >> 32) % (count - 1)) % count);
	return 2;
}

static bool hears(const struct known_node *k, struct bytes event)
{
	for (size_t i = 0; i < k->n_patterns; i++)
		if (pattern_matches(k->patterns[i], event))
			return true;
	return false;
}

struct known_node *directory_hears(const struct directory *d, struct bytes event,
                                   struct known_node *last)
{
	struct list *it = last ? last->hears.next : d->hearing.next;

	for (; it != &d->hearing; it = it->next) {
		struct known_node *k = list_item(it, struct known_node, hears);

		if (hears(k, event))
			return k;
	}
	return NULL;
}
