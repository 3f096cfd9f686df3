/* MessagePack from anybody: what is a value is taken apart to its last byte, never deeper than
 * LENO_DEPTH_MAX, and what is put together again is the same value. */
#include <leno.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4096 };

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void put(leno_pack *p, const leno_value *v)
{
	switch (v->kind) {
	case LENO_NIL: leno_pack_nil(p); break;
	case LENO_BOOL: leno_pack_bool(p, v->boolean); break;
	case LENO_INT: leno_pack_int(p, v->integer); break;
	case LENO_UINT: leno_pack_uint(p, v->natural); break;
	case LENO_FLOAT: leno_pack_float(p, v->real); break;
	case LENO_STR: leno_pack_str(p, v->bytes); break;
	case LENO_BIN: leno_pack_bin(p, v->bytes); break;
	case LENO_EXT: leno_pack_ext(p, v->type, v->bytes); break;
	case LENO_ARRAY: leno_pack_array(p, v->count); break;
	case LENO_MAP: leno_pack_map(p, v->count); break;
	}
}

static bool same(const leno_value *a, const leno_value *b)
{
	return a->kind == b->kind && a->boolean == b->boolean && a->integer == b->integer &&
	       a->natural == b->natural && a->count == b->count && a->type == b->type &&
	       a->bytes.size == b->bytes.size &&
	       (a->bytes.size == 0 || memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0) &&
	       (a->kind != LENO_FLOAT || memcmp(&a->real, &b->real, sizeof a->real) == 0 ||
	        a->real != a->real);       /* one that is no number may change its bits */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[9 * MOST];
	leno_unpack u = leno_unpack_from((leno_bytes){ data, size }), w;
	leno_pack p = leno_pack_into(again, sizeof again);
	leno_value v, x;
	bool ok;

	if (size > MOST)
		return 0;
	ok = leno_unpack_ok((leno_bytes){ data, size });
	while (leno_unpack_next(&u, &v)) {
		require(u.at > data && u.at <= data + size);
		require(v.bytes.size == 0 ||
		        ((const uint8_t *)v.bytes.data >= data &&
		         (const uint8_t *)v.bytes.data + v.bytes.size <= u.at));
		put(&p, &v);
	}
	require(!ok || (!u.bad && u.at == data + size));
	if (!ok)
		return 0;
	require(!p.full && leno_unpack_ok(leno_pack_bytes(&p)));
	u = leno_unpack_from((leno_bytes){ data, size });
	w = leno_unpack_from(leno_pack_bytes(&p));
	while (leno_unpack_next(&u, &v))
		require(leno_unpack_next(&w, &x) && same(&v, &x));
	return 0;
}
