/* group_talk.c - what is said in a group: to all, in pieces when it is large, or to one.
 *
 *   leno_group_send --small--> voice
 *                   --large--> tape --groups_feed: a piece when there is room--> voice
 *   ear --groups_hear: pieces put together--> callback
 *
 *  1. While a large message is on its way into the voice nothing else is taken: so all stays in
 *     order, and no more than one of them waits.
 *  2. A large message is put together within what sessions may have for that. When it has no
 *     room its first piece is not taken, and comes again. */
#include "base/mem.h"
#include "node/group.h"

static_assert((int)PIECE_SIZE == (int)CHUNK_SIZE, "a piece is a view of the tape");

int group_aim(leno_group *g)
{
	struct voice *v = &g->voice;
	struct mesh_node far;
	size_t cursor = 0;
	int error = 0;

	if (v->aimed)
		return 0;
	g->least = UINT32_MAX;
	for (const struct member *m; !error && (m = roster_each(&g->roster, &cursor));) {
		error = aired_aim(&v->aired, &m->id);
		if (mesh_get(g->node->mesh, &m->id, &far) && far.message_max < g->least)
			g->least = far.message_max;
	}
	v->aimed = !error;
	return error;
}

/* What has no room because others have all of it will have some. */
static int refused(leno_group *g, int error)
{
	if (error == LENO_MEMORY && g->node->fan->aired_budget.used > 0)
		error = LENO_AGAIN;
	g->blocked = g->blocked || error == LENO_AGAIN;
	return error;
}

static int put(leno_group *g, struct bytes type, const struct piece *piece, uint64_t *ret_seq)
{
	uint8_t head[PIECE_HEAD];
	struct writer w = writer_of(head, sizeof head);

	write_piece_head(&w, piece);
	return voice_put(g->node, &g->voice, type, writer_bytes(&w), piece->data, ret_seq);
}

/* How many have gone of those for whom the large message was. */
static uint32_t missed(const leno_group *g)
{
	return (uint32_t)(g->voice.aired.gone - g->gone);
}

/* True when all of the large message is in the voice. */
static bool feed(leno_group *g)
{
	struct tape *t = &g->large;
	uint64_t seq;

	while (tape_size(t) > 0) {
		struct piece p = { .kind = PIECE_MORE, .data = tape_view(t, t->start, PIECE_SIZE) };

		if (p.data.size == tape_size(t))
			p.kind = PIECE_LAST;
		else if (!g->begun)
			p = (struct piece){ PIECE_FIRST, tape_size(t), p.data };
		if (put(g, bytes_text(g->begun ? "" : g->type), &p, &seq))
			return false;
		g->begun = true;
		if (p.kind == PIECE_LAST)      /* for those, too, that have gone meanwhile */
			aired_missed(&g->voice.aired, missed(g));
		tape_drop(t, t->start + p.data.size);
	}
	tape_clear(t);
	tape_init(t, &g->node->pool, POOL_SEND);
	return true;
}

static int send_large(leno_group *g, const char *type, struct bytes data, uint64_t *ret_seq)
{
	struct pool *pool = &g->node->pool;
	int error = tape_reserve(&g->large, data.size);

	if (error && pool_short(pool, POOL_SEND, data.size)) {
		g->wants = data.size;
		error = LENO_AGAIN;
	}
	if (error)
		return refused(g, error);
	tape_append(&g->large, data.data, data.size);
	strcpy(g->type, type);
	g->begun = false;
	g->gone = g->voice.aired.gone;
	*ret_seq = g->voice.aired.last + (data.size + PIECE_SIZE - 1) / PIECE_SIZE;
	feed(g);
	return 0;
}

static int check(const leno_group *g, const char *type, leno_bytes data)
{
	if (!g || !type || strnlen(type, LENO_TYPE_MAX + 1) > LENO_TYPE_MAX ||
	    (!data.data && data.size > 0))
		return LENO_ARGUMENT;
	return g->node->leaving || g->state >= LENO_GROUP_LEAVING ? LENO_CLOSED : 0;
}

int leno_group_send(leno_group *g, const char *type, leno_bytes data, uint64_t *ret_seq)
{
	struct piece whole = { .kind = PIECE_WHOLE, .data = bytes_of(data.data, data.size) };
	uint64_t seq;
	int error = check(g, type, data);

	if (error)
		return error;
	error = tape_size(&g->large) > 0 ? LENO_AGAIN : group_aim(g);
	if (error)
		return refused(g, error);
	if (data.size > g->least)              /* so it cannot be for all */
		return LENO_TOO_BIG;
	if (data.size > PIECE_SIZE)
		error = send_large(g, type, whole.data, &seq);
	else
		error = refused(g, put(g, bytes_text(type), &whole, &seq));
	if (error)
		return error;
	if (ret_seq)
		*ret_seq = seq;
	g->node->stats.sent++;
	return 0;
}

void groups_feed(leno_node *n)
{
	list_each (it, next, &n->groups->all) {
		leno_group *g = list_item(it, leno_group, all);
		struct aired *a = &g->voice.aired;

		if (n->leaving || (tape_size(&g->large) > 0 && !feed(g)))
			continue;
		if (!g->blocked || a->used > a->max / 2 || g->state >= LENO_GROUP_LEAVING)
			continue;
		if (g->wants > 0 && pool_short(&n->pool, POOL_SEND, g->wants))
			continue;
		g->wants = 0;
		g->blocked = false;
		if (g->handlers.writable)
			g->handlers.writable(g, g->user);
	}
}

bool group_last_piece(const leno_group *g, uint64_t seq)
{
	struct reader r = reader_of(aired_item(&g->voice.aired, seq));
	struct bytes type, data;
	struct piece p;

	return read_cast_item(&r, &type, &data) && read_piece(data, &p) &&
	       (p.kind == PIECE_WHOLE || p.kind == PIECE_LAST);
}

void group_done(leno_group *g, uint64_t seq, uint32_t confirmed, uint32_t unknown)
{
	if (g->handlers.done)
		g->handlers.done(g, g->user, seq, confirmed, unknown);
}

void group_give_up(leno_group *g)
{
	uint64_t left = tape_size(&g->large);
	uint32_t unknown = (uint32_t)g->voice.aired.targets.count + missed(g);
	uint64_t seq = g->voice.aired.last + (left + PIECE_SIZE - 1) / PIECE_SIZE;

	voice_end(g->node, &g->voice);
	if (left > 0 && !g->node->leaving)     /* its last piece is not in the voice */
		group_done(g, seq, 0, unknown);
}

/* ---- to one of them ------------------------------------------------------------------------ */

/* An item of the session with that node, after `head`. */
static int put_word(leno_node *n, const leno_id *to, const struct writer *head, struct bytes data,
                    uint64_t *ret_seq)
{
	int error = 0;
	struct peer *p = peers_need(n, to, &error);

	if (!p)
		return error;
	error = session_put(p->session, writer_bytes(head), data, ret_seq);
	if (error == LENO_AGAIN)
		p->blocked = true;
	peers_wake(p);
	n->stats.sent += !error;
	p->sent += !error;
	return error;
}

static struct writer begin_word(uint8_t *buf, size_t size)
{
	const struct item item = { .kind = ITEM_BROADCAST };
	struct writer w = writer_of(buf, size);

	w.at += write_item_head(buf, &item);
	return w;
}

int leno_group_send_to(leno_group *g, const leno_id *to, const char *type, leno_bytes data,
                       uint64_t *ret_seq)
{
	uint8_t head[ITEM_HEAD_MAX + GROUP_ONE_MAX];
	struct writer w = begin_word(head, sizeof head);
	struct group_one one = { 0 };
	int error = to ? check(g, type, data) : LENO_ARGUMENT;

	if (error)
		return error;
	if (!roster_get(&g->roster, to))
		return leno_id_same(to, &g->node->identity.id) ? LENO_SELF : LENO_NO_NODE;
	memcpy(one.from.tag, g->keys.tag, sizeof one.from.tag);
	one.from.join = g->join;
	group_proof(&g->keys, &g->node->identity.id, g->join, one.from.proof);
	one.type = bytes_text(type);
	write_group_one_head(&w, &one);
	return put_word(g->node, to, &w, bytes_of(data.data, data.size), ret_seq);
}

int leno_group_invite(leno_group *g, const leno_id *to, leno_bytes note)
{
	uint8_t head[ITEM_HEAD_MAX + GROUP_INVITATION_MAX];
	struct writer w = begin_word(head, sizeof head);
	int error = to ? check(g, "", note) : LENO_ARGUMENT;

	if (!error && note.size > LENO_GROUP_NOTE_MAX)
		error = LENO_ARGUMENT;
	if (error)
		return error;
	write_group_invitation(&w, &(struct group_invitation){ bytes_of(g->key, g->key_size),
	                                           bytes_of(note.data, note.size) });
	return put_word(g->node, to, &w, bytes_of(NULL, 0), NULL);
}

/* Hot: mostly the type is that of the message before, whose text is there already. */
static const char *heard_text(leno_group *g, struct bytes type)
{
	size_t same = 0;

	while (same < type.size && g->heard_type[same] == (char)type.data[same])
		same++;
	if (same < type.size || g->heard_type[same] != '\0') {
		bytes_copy(g->heard_type, type.data, type.size);
		g->heard_type[type.size] = '\0';
	}
	return g->heard_type;
}

static void tell(leno_group *g, const leno_id *from, struct bytes type, struct bytes data,
                 bool alone)
{
	const char *text = heard_text(g, type);

	group_tell(g);                         /* of a message's sender before the message */
	g->node->stats.received++;
	if (g->state < LENO_GROUP_LEAVING && g->handlers.message)
		g->handlers.message(g, g->user, from, text, (leno_bytes){ data.data, data.size },
		                    alone);
}

/* From whom the atlas does not tell yet that it is a member: its proof does. */
static void hear_one(struct peer *p, struct bytes word)
{
	leno_node *n = p->node;
	uint8_t due[GROUP_PROOF];
	struct group_one one;
	leno_group *g;

	if (!read_group_one(word, &one)) {
		node_count_refusal(n, LENO_PROTOCOL);
		return;
	}
	g = groups_find(n, one.from.tag);
	if (!g || g->state >= LENO_GROUP_LEAVING)
		return;
	group_proof(&g->keys, &p->id, one.from.join, due);
	if (!crypto_same(due, one.from.proof, sizeof due)) {
		node_count_refusal(n, LENO_IDENTITY);
		return;
	}
	p->received++;
	tell(g, &p->id, one.type, one.data, true);
}

void groups_word(struct peer *p, enum group_word word, struct bytes data)
{
	leno_node *n = p->node;
	struct group_invitation i;

	if (word == GROUP_ONE) {
		hear_one(p, data);
	} else if (!read_group_invitation(data, &i)) {
		node_count_refusal(n, LENO_PROTOCOL);
	} else if (n->handlers.invited) {
		n->handlers.invited(n, n->user, &p->id, (leno_bytes){ i.key.data, i.key.size },
		                    (leno_bytes){ i.note.data, i.note.size });
	}
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool begin_parts(leno_node *n, struct ear *e, struct bytes type, const struct piece *p)
{
	size_t size = assembly_size(p, type);
	uint8_t *buf = session_setup_take(&n->session_setup, size);

	if (!buf) {
		e->wants = size;
		n->groups->n_stuck++;
		return false;
	}
	assembly_begin(&e->parts, buf, type, p);
	e->began = e->heard.next - 1;
	n->groups->n_parts++;
	return true;
}

static bool hear_piece(leno_group *g, struct ear *e, struct bytes type, struct bytes data)
{
	leno_node *n = g->node;
	uint64_t number = e->heard.next - 1;
	struct bytes whole_type, whole;
	struct piece p;

	if (!read_piece(data, &p) || (p.kind == PIECE_FIRST && p.total > n->options.message_max)) {
		node_count_refusal(n, LENO_PROTOCOL);
		ear_drop_parts(n, e);
		return true;
	}
	/* What goes before a gap is of a message whose rest was not for us. */
	if ((e->parts.bytes || e->wants > 0) &&
	    (number != e->taken + 1 || p.kind == PIECE_WHOLE || p.kind == PIECE_FIRST))
		ear_drop_parts(n, e);
	switch (assembly_take(&e->parts, type, &p, &whole_type, &whole)) {
	case ASSEMBLY_PART:
		break;
	case ASSEMBLY_ROOM:
		if (!begin_parts(n, e, type, &p))
			return false;
		break;
	case ASSEMBLY_BAD:
		node_count_refusal(n, LENO_PROTOCOL);
		ear_drop_parts(n, e);
		break;
	case ASSEMBLY_WHOLE:
		tell(g, &e->heard.id, whole_type, whole, false);
		if (e->parts.bytes)
			ear_drop_parts(n, e);
		break;
	}
	e->taken = number;
	return true;
}

/* Hot: nearly all are whole, and nothing is being put together. */
static bool is_plain(const struct ear *e, struct bytes data)
{
	return data.size > 0 && data.data[0] == PIECE_WHOLE && !e->parts.bytes && e->wants == 0;
}

static bool hear_item(leno_group *g, struct ear *e, struct bytes type, struct bytes data)
{
	if (g->state >= LENO_GROUP_LEAVING)
		return false;
	if (!is_plain(e, data))
		return hear_piece(g, e, type, data);
	e->taken = e->heard.next - 1;
	tell(g, &e->heard.id, type, bytes_of(data.data + 1, data.size - 1), false);
	return true;
}

void groups_hear(leno_group *g, struct ear *e)
{
	struct bytes type, data;

	while (!g->node->leaving && heard_next(&e->heard, &type, &data)) {
		if (!hear_item(g, e, type, data)) {
			if (e->heard.next > 1)
				heard_refuse(&e->heard);
			return;
		}
		e->unacked_bytes += data.size;
	}
}

/* What has come of a large message makes room, and is asked for again when there is some. */
static void give_back(leno_node *n, struct ear *e)
{
	size_t size = e->parts.size + e->parts.type_size;

	ear_drop_parts(n, e);
	heard_back(&e->heard, e->began);
	e->taken = e->began - 1;
	e->wants = size;
	e->asked_us = n->now_us;
	n->groups->n_stuck++;
	ear_acknowledge(n, e);
}

static bool is_silent(const leno_node *n, const struct ear *e, uint64_t ms)
{
	return e->parts.bytes && n->now_us - e->heard.heard_us > ms * 1000;
}

static bool has_room(leno_node *n, size_t size)
{
	uint8_t *p = session_setup_take(&n->session_setup, size);

	if (p)
		session_setup_give(&n->session_setup, p, size);
	return p != NULL;
}

/* What has stood still for long comes last for as long: else a member that begins and does not go on
 * would keep the others from the room that they wait for. */
static bool is_last(const leno_node *n, const struct ear *e)
{
	return e->stalled_us && n->now_us - e->stalled_us < (uint64_t)GROUP_PARTS_MS * 1000;
}

/* The same at all who hear them, nearly always: so nobody waits for what another one holds. */
static bool is_before(const leno_node *n, const struct ear *a, const struct ear *b)
{
	return is_last(n, a) != is_last(n, b) ? is_last(n, b) :
	                                        memcmp(&a->heard.id, &b->heard.id, sizeof(leno_id)) < 0;
}

/* Of those that wait for room (and for whom there is some), the one before all others. */
static struct ear *first_stuck(leno_node *n, bool room)
{
	struct ear *first = NULL;
	size_t cursor = 0;

	for (struct ear *e; (e = map_next(&n->fan->ears, &cursor));) {
		if (e->wants > 0 && !e->heard.stuck)
			ear_drop_parts(n, e);  /* its source has gone on without us */
		if (e->wants > 0 && (!first || is_before(n, e, first)) &&
		    (!room || has_room(n, e->wants)))
			first = e;
	}
	return first;
}

/* Where no group holds any room, what the first one lacks may never be there: others, who want less,
 * do not wait for that. */
static void ask_again(leno_node *n, struct ear *e)
{
	if (e && !has_room(n, e->wants))
		e = n->groups->n_parts == 0 ? first_stuck(n, true) : NULL;
	if (!e || n->now_us - e->asked_us < (uint64_t)GROUP_ROOM_MS * 1000)
		return;
	e->asked_us = n->now_us;
	heard_ask(&e->heard);
	ear_acknowledge(n, e);
}

/* Two members may hold what the other one waits for, each of another message. So what comes after
 * that, and stands still since others do not take its beginning, yields. */
static bool is_to_yield(const leno_node *n, const struct ear *e, const struct ear *first)
{
	return first && is_silent(n, e, GROUP_YIELD_MS) && e->heard.floor <= e->began &&
	       is_before(n, first, e);
}

void groups_tend_parts(leno_node *n)
{
	struct ear *first;
	size_t cursor = 0;

	if (n->groups->n_parts + n->groups->n_stuck == 0 || n->now_us < n->groups->tend_us)
		return;
	n->groups->tend_us = n->now_us + (uint64_t)GROUP_ROOM_MS * 1000;
	first = first_stuck(n, false);
	ask_again(n, first);
	for (struct ear *e; (e = map_next(&n->fan->ears, &cursor));) {
		bool stale = is_silent(n, e, GROUP_PARTS_MS);

		e->stalled_us = stale ? n->now_us : e->stalled_us;
		if (stale || is_to_yield(n, e, first))
			give_back(n, e);
	}
}
