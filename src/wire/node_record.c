/* node_record.c - see node_record.h. */
#include "wire/node_record.h"

enum { LOCAL_BIT = 0x80 };

/* The size of the UTF-8 sequence that begins here, 0 when there is none. Overlong forms,
 * surrogates and what lies beyond U+10FFFF are none (RFC 3629). */
static size_t text_step(const uint8_t *p, size_t left)
{
	uint32_t code;
	size_t size;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || size > left)
		return 0;
	code = p[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < 0xa0 || (size == 3 && code < 0x800) || (size == 4 && code < 0x10000))
		return 0;
	return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

bool node_text_ok(struct bytes text, size_t max)
{
	size_t i = 0;

	if (text.size > max)
		return false;
	while (i < text.size) {
		size_t step = text_step(text.data + i, text.size - i);

		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

static uint32_t read_varint32(struct reader *r)
{
	uint64_t v = read_varint(r);

	r->bad = r->bad || v > UINT32_MAX;
	return r->bad ? 0 : (uint32_t)v;
}

static struct bytes read_text(struct reader *r, size_t max)
{
	struct bytes text = read_sized(r, max);

	r->bad = r->bad || !node_text_ok(text, max);
	return text;
}

static void read_head(struct reader *r, struct node_record *n)
{
	*n = (struct node_record){ 0 };
	r->bad = r->bad || read_u8(r) != NODE_RECORD_LAYOUT;
	read_copy(r, n->ed, sizeof n->ed);
	read_copy(r, n->x, sizeof n->x);
	read_copy(r, n->credential, sizeof n->credential);
	n->stamp.incarnation = read_incarnation(r);
	n->stamp.version = read_varint32(r);
	r->bad = r->bad || n->stamp.version == 0;
}

static struct node_neighbour read_neighbour(struct reader *r)
{
	struct node_neighbour n;
	uint64_t cost;
	uint8_t last;

	n.id = read_id(r);
	cost = read_varint(r);
	last = read_u8(r);
	n.rtt_class = last & RTT_CLASS_MAX;
	n.local = last & LOCAL_BIT;
	r->bad = r->bad || cost == 0 || cost > NODE_COST_MAX;
	n.cost = r->bad ? 1 : (uint16_t)cost;
	return n;
}

static void read_neighbours(struct reader *r, struct node_record *n)
{
	uint64_t count = read_varint(r);
	const uint8_t *from = r->at;
	leno_id last;

	if (count > NEIGHBOURS_MAX || (n->goodbye && count > 0))
		r->bad = true;
	for (uint64_t i = 0; i < count && !r->bad; i++) {
		leno_id id = read_neighbour(r).id;

		if (i > 0 && memcmp(last.bytes, id.bytes, sizeof id.bytes) >= 0)
			r->bad = true;
		last = id;
	}
	if (r->bad)
		return;
	n->n_neighbours = (size_t)count;
	n->neighbours = bytes_of(from, (size_t)(r->at - from));
}

bool node_record_peek(struct bytes raw, struct node_record *ret)
{
	struct reader r = reader_of(raw);
	struct node_record n;

	read_head(&r, &n);
	if (r.bad || raw.size > NODE_RECORD_MAX)
		return false;
	*ret = n;
	return true;
}

bool node_record_read(struct bytes raw, struct node_record *ret)
{
	struct reader r = reader_of(raw);
	struct node_record n;
	uint8_t role, flags;
	uint64_t labels;

	read_head(&r, &n);
	role = read_u8(&r);
	flags = read_u8(&r);
	r.bad = r.bad || role > LENO_OBSERVER || (flags & ~NODE_GOODBYE);
	n.role = (enum leno_role)role;
	n.goodbye = flags & NODE_GOODBYE;
	n.message_max = read_varint32(&r);
	n.name = read_text(&r, NAME_MAX_);
	labels = read_varint(&r);
	r.bad = r.bad || labels > LABELS_MAX;
	for (uint64_t i = 0; i < labels && !r.bad; i++)
		n.labels[n.n_labels++] = read_text(&r, LABEL_MAX);
	read_neighbours(&r, &n);
	n.extensions = read_sized(&r, NODE_RECORD_MAX);
	r.bad = r.bad || !extensions_ok(n.extensions);
	n.covered = bytes_of(raw.data, reader_left(&r) < raw.size ? raw.size - reader_left(&r) : 0);
	n.signature = read_bytes(&r, NODE_SIGNATURE).data;
	if (!read_end(&r) || raw.size > NODE_RECORD_MAX)
		return false;
	*ret = n;
	return true;
}

struct node_neighbour node_record_neighbour(struct reader *r)
{
	return read_neighbour(r);
}

void node_record_write(struct writer *w, const struct node_record *n,
                       const struct node_neighbour *neighbours, size_t n_neighbours)
{
	write_u8(w, NODE_RECORD_LAYOUT);
	write_bytes(w, n->ed, sizeof n->ed);
	write_bytes(w, n->x, sizeof n->x);
	write_bytes(w, n->credential, sizeof n->credential);
	write_u64(w, n->stamp.incarnation);
	write_varint(w, n->stamp.version);
	write_u8(w, (uint8_t)n->role);
	write_u8(w, n->goodbye ? NODE_GOODBYE : 0);
	write_varint(w, n->message_max);
	write_sized(w, n->name);
	write_varint(w, n->n_labels);
	for (size_t i = 0; i < n->n_labels; i++)
		write_sized(w, n->labels[i]);
	write_varint(w, n_neighbours);
	for (size_t i = 0; i < n_neighbours; i++) {
		write_id(w, &neighbours[i].id);
		write_varint(w, neighbours[i].cost);
		write_u8(w, (uint8_t)(neighbours[i].rtt_class |
		                      (neighbours[i].local ? LOCAL_BIT : 0)));
	}
	write_sized(w, n->extensions);
}
