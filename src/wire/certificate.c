/* certificate.c - see certificate.h. */
#include "wire/certificate.h"

#include "wire/node_record.h"

/* The longest time that both a u64 and a varint hold, as everywhere. */
static uint64_t read_time(struct reader *r)
{
	return read_incarnation(r);
}

static enum leno_role read_role(struct reader *r)
{
	uint8_t role = read_u8(r);

	r->bad = r->bad || role > LENO_OBSERVER || role == LENO_VISITOR;
	return (enum leno_role)role;
}

static struct bytes read_text(struct reader *r, size_t max)
{
	struct bytes text = read_sized(r, max);

	r->bad = r->bad || !node_text_ok(text, max);
	return text;
}

static struct bytes read_so_far(struct bytes raw, const struct reader *r)
{
	return bytes_of(raw.data, r->bad ? 0 : raw.size - reader_left(r));
}

static void read_sent(struct reader *r, struct bytes raw, struct certificate *c)
{
	c->sent = true;
	read_copy(r, c->holder_ed, sizeof c->holder_ed);
	read_copy(r, c->holder_x, sizeof c->holder_x);
	c->until_ms = read_time(r);
	c->sent_covered = read_so_far(raw, r);
	c->sent_signature = read_bytes(r, NETWORK_SIGNATURE).data;
}

bool certificate_read(struct bytes raw, struct certificate *ret)
{
	struct reader r = reader_of(raw);
	struct certificate c = { 0 };
	uint8_t flags;

	r.bad = read_u8(&r) != CERTIFICATE_LAYOUT || r.bad;
	flags = read_u8(&r);
	r.bad = r.bad || (flags & ~CERTIFICATE_ISSUER);
	c.issuer = flags & CERTIFICATE_ISSUER;
	c.role = read_role(&r);
	c.issued_ms = read_time(&r);
	c.expires_ms = read_time(&r);
	c.name = read_text(&r, NAME_MAX_);
	c.covered = read_so_far(raw, &r);
	c.signature = read_bytes(&r, NETWORK_SIGNATURE).data;
	if (!r.bad && reader_left(&r) > 0)
		read_sent(&r, raw, &c);
	if (!read_end(&r))
		return false;
	*ret = c;
	return true;
}

void certificate_write(struct writer *w, const struct certificate *c)
{
	write_u8(w, CERTIFICATE_LAYOUT);
	write_u8(w, c->issuer ? CERTIFICATE_ISSUER : 0);
	write_u8(w, (uint8_t)c->role);
	write_u64(w, c->issued_ms);
	write_u64(w, c->expires_ms);
	write_sized(w, c->name);
}

bool invitation_read(struct bytes raw, struct invitation *ret)
{
	struct reader r = reader_of(raw);
	struct invitation v = { 0 };
	uint64_t uses, count;

	r.bad = read_u8(&r) != CERTIFICATE_LAYOUT || r.bad;
	v.network = read_text(&r, NETWORK_MAX);
	read_copy(&r, v.key, sizeof v.key);
	read_copy(&r, v.token, sizeof v.token);
	uses = read_varint(&r);
	v.expires_ms = read_time(&r);
	v.lifetime_s = read_varint(&r);
	v.role = read_role(&r);
	v.name = read_text(&r, NAME_MAX_);
	count = read_varint(&r);
	r.bad = r.bad || v.network.size == 0 || uses == 0 || uses > USES_MAX ||
	        count > INVITED_ADDRESSES_MAX;
	v.uses = r.bad ? 0 : (uint32_t)uses;
	for (uint64_t i = 0; i < count && !r.bad; i++)
		v.addresses[v.n_addresses++] = read_text(&r, INVITED_ADDRESS_MAX);
	v.covered = read_so_far(raw, &r);
	v.signature = read_bytes(&r, NETWORK_SIGNATURE).data;
	if (!read_end(&r))
		return false;
	*ret = v;
	return true;
}

void invitation_write(struct writer *w, const struct invitation *v)
{
	write_u8(w, CERTIFICATE_LAYOUT);
	write_sized(w, v->network);
	write_bytes(w, v->key, sizeof v->key);
	write_bytes(w, v->token, sizeof v->token);
	write_varint(w, v->uses);
	write_u64(w, v->expires_ms);
	write_varint(w, v->lifetime_s);
	write_u8(w, (uint8_t)v->role);
	write_sized(w, v->name);
	write_varint(w, v->n_addresses);
	for (size_t i = 0; i < v->n_addresses; i++)
		write_sized(w, v->addresses[i]);
}

bool revocation_read(struct bytes raw, struct revocation *ret)
{
	struct reader r = reader_of(raw);
	struct revocation v = { 0 };

	r.bad = read_u8(&r) != CERTIFICATE_LAYOUT || r.bad;
	v.id = read_id(&r);
	v.expires_ms = read_time(&r);
	v.covered = read_so_far(raw, &r);
	v.signature = read_bytes(&r, NETWORK_SIGNATURE).data;
	if (!read_end(&r))
		return false;
	*ret = v;
	return true;
}

void revocation_write(struct writer *w, const struct revocation *v)
{
	write_u8(w, CERTIFICATE_LAYOUT);
	write_id(w, &v->id);
	write_u64(w, v->expires_ms);
}
