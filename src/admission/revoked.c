/* revoked.c - see revoked.h. */
#include "admission/revoked.h"

#include "admission/signed.h"
#include "base/mem.h"

enum { ROOM_MIN = 8 };

void revoked_clear(struct revoked *r)
{
	mem_free(r->at);
	*r = (struct revoked){0};
}

/* Order makes no difference to a sum: who knows the same has the same digest. */
static void count_in(struct revoked *r, const struct revoked_entry *e, bool in)
{
	struct bytes raw = bytes_of(e->raw, sizeof e->raw);
	uint8_t hash[16];

	crypto_hash(hash, sizeof hash, bytes_of(NULL, 0), &raw, 1);
	for (int i = 0; i < 2; i++) {
		struct reader half = reader_of(bytes_of(hash + 8 * i, 8));
		uint64_t v = read_u64(&half);

		r->digest[i] += in ? v : -v;
	}
}

static struct revoked_entry *find(const struct revoked *r, const leno_id *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (leno_id_same(&r->at[i].id, id))
			return &r->at[i];
	return NULL;
}

static void drop(struct revoked *r, struct revoked_entry *e)
{
	size_t i = (size_t)(e - r->at);

	count_in(r, e, false);
	memmove(e, e + 1, (r->count - i - 1) * sizeof *e);
	r->count--;
}

static int grow(struct revoked *r)
{
	size_t room = r->room ? 2 * r->room : ROOM_MIN;
	struct revoked_entry *grown;

	if (r->count < r->room)
		return 0;
	grown = mem_grow(r->at, r->room * sizeof *grown, room * sizeof *grown);
	if (!grown)
		return LENO_MEMORY;
	r->at = grown;
	r->room = room;
	return 0;
}

static bool expired(uint64_t expires_ms, uint64_t now_ms)
{
	return expires_ms != 0 && expires_ms <= now_ms;
}

static bool outlasts(uint64_t a_ms, uint64_t b_ms)
{
	return b_ms != 0 && (a_ms == 0 || a_ms > b_ms);
}

int revoked_take(struct revoked *r, struct bytes raw, const uint8_t network_key[32],
		 uint64_t now_ms)
{
	struct revocation v;
	struct revoked_entry *old, *e;

	if (!revocation_read(raw, &v))
		return LENO_PROTOCOL;
	old = find(r, &v.id);
	if (expired(v.expires_ms, now_ms) || (old && !outlasts(v.expires_ms, old->expires_ms)))
		return 0;
	if (!revocation_holds(&v, network_key))
		return LENO_PROTOCOL;
	if (!old && r->count >= REVOKED_MAX)
		return LENO_LIMIT;
	if (grow(r))
		return LENO_MEMORY;
	old = find(r, &v.id);
	if (old)
		drop(r, old);
	e = &r->at[r->count++];
	*e = (struct revoked_entry){.id = v.id, .expires_ms = v.expires_ms,
				    .number = ++r->last};
	memcpy(e->raw, raw.data, sizeof e->raw);
	count_in(r, e, true);
	return 1;
}

bool revoked_has(const struct revoked *r, const leno_id *id)
{
	return find(r, id) != NULL;
}

const struct revoked_entry *revoked_after(const struct revoked *r, uint64_t after)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->at[middle].number > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low < r->count ? &r->at[low] : NULL;
}

void revoked_expire(struct revoked *r, uint64_t now_ms)
{
	for (size_t i = r->count; i-- > 0;)
		if (expired(r->at[i].expires_ms, now_ms))
			drop(r, &r->at[i]);
}
