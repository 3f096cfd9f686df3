/* msgpack.c - MessagePack, see leno/msgpack.h; https://github.com/msgpack/msgpack, spec.md.
 *
 *  1. What is read is never larger than what is there: a count or size that more bytes than
 *     are left would be needed for is refused where it stands.
 *  2. The stack of a nested value is LENO_DEPTH_MAX counts, whatever the bytes say. */
#include <leno.h>

#include <string.h>

enum {
	NIL = 0xc0, FALSE_ = 0xc2, TRUE_ = 0xc3,
	BIN8 = 0xc4, BIN16, BIN32,
	EXT8 = 0xc7, EXT16, EXT32,
	FLOAT32 = 0xca, FLOAT64,
	UINT8 = 0xcc, UINT16, UINT32, UINT64,
	INT8 = 0xd0, INT16, INT32, INT64,
	FIXEXT1 = 0xd4, FIXEXT16 = 0xd8,
	STR8 = 0xd9, STR16, STR32,
	ARRAY16 = 0xdc, ARRAY32,
	MAP16 = 0xde, MAP32,
	FIXMAP = 0x80, FIXARRAY = 0x90, FIXSTR = 0xa0
};

/* ---- writing ------------------------------------------------------------------- */

static uint8_t *take_room(leno_pack *p, size_t size)
{
	uint8_t *at = p->data + p->size;

	if (p->full || p->capacity - p->size < size) {
		p->full = true;
		return NULL;
	}
	p->size += size;
	return at;
}

/* A first byte and an integer of 0 to 8 bytes after it, the highest first. */
static void put(leno_pack *p, unsigned first, uint64_t n, unsigned width)
{
	uint8_t *at = take_room(p, 1 + width);

	if (!at)
		return;
	*at = (uint8_t)first;
	for (unsigned i = width; i > 0; i--, n >>= 8)
		at[i] = (uint8_t)n;
}

static void put_bytes(leno_pack *p, leno_bytes b)
{
	uint8_t *at = take_room(p, b.size);

	if (at && b.size > 0)
		memcpy(at, b.data, b.size);
}

/* Of three first bytes the one whose width holds it. */
static void put_wide(leno_pack *p, unsigned first, uint64_t n)
{
	unsigned step = n > 0xffff ? 2 : n > 0xff ? 1 : 0;

	p->full = p->full || n > UINT32_MAX;
	put(p, first + step, n, 1u << step);
}

void leno_pack_nil(leno_pack *p)
{
	put(p, NIL, 0, 0);
}

void leno_pack_bool(leno_pack *p, bool value)
{
	put(p, value ? TRUE_ : FALSE_, 0, 0);
}

void leno_pack_uint(leno_pack *p, uint64_t n)
{
	if (n < 0x80)
		put(p, (unsigned)n, 0, 0);
	else if (n > UINT32_MAX)
		put(p, UINT64, n, 8);
	else
		put_wide(p, UINT8, n);
}

void leno_pack_int(leno_pack *p, int64_t n)
{
	if (n >= 0)
		leno_pack_uint(p, (uint64_t)n);
	else if (n >= -32)
		put(p, (uint8_t)n, 0, 0);
	else if (n >= INT8_MIN)
		put(p, INT8, (uint64_t)n, 1);
	else if (n >= INT16_MIN)
		put(p, INT16, (uint64_t)n, 2);
	else if (n >= INT32_MIN)
		put(p, INT32, (uint64_t)n, 4);
	else
		put(p, INT64, (uint64_t)n, 8);
}

void leno_pack_float(leno_pack *p, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	put(p, FLOAT64, bits, 8);
}

void leno_pack_str(leno_pack *p, leno_bytes b)
{
	if (b.size < 32)
		put(p, FIXSTR | (unsigned)b.size, 0, 0);
	else
		put_wide(p, STR8, b.size);
	put_bytes(p, b);
}

void leno_pack_text(leno_pack *p, const char *text)
{
	leno_pack_str(p, (leno_bytes){ text, strlen(text) });
}

void leno_pack_bin(leno_pack *p, leno_bytes b)
{
	put_wide(p, BIN8, b.size);
	put_bytes(p, b);
}

void leno_pack_ext(leno_pack *p, int8_t type, leno_bytes b)
{
	unsigned power = 0;

	while (power < 4 && (size_t)1 << power < b.size)
		power++;
	if ((size_t)1 << power == b.size)
		put(p, FIXEXT1 + power, 0, 0);
	else
		put_wide(p, EXT8, b.size);
	put_bytes(p, (leno_bytes){ &type, 1 });
	put_bytes(p, b);
}

static void put_count(leno_pack *p, uint32_t count, unsigned fixed, unsigned wide)
{
	if (count < 16)
		put(p, fixed | count, 0, 0);
	else if (count <= 0xffff)
		put(p, wide, count, 2);
	else
		put(p, wide + 1, count, 4);
}

void leno_pack_array(leno_pack *p, uint32_t count)
{
	put_count(p, count, FIXARRAY, ARRAY16);
}

void leno_pack_map(leno_pack *p, uint32_t count)
{
	put_count(p, count, FIXMAP, MAP16);
}

void leno_pack_value(leno_pack *p, leno_bytes b)
{
	put_bytes(p, b);
}

/* ---- reading ------------------------------------------------------------------- */

static size_t left(const leno_unpack *u)
{
	return (size_t)(u->end - u->at);
}

static uint64_t get(leno_unpack *u, unsigned width)
{
	uint64_t n = 0;

	if (u->bad || left(u) < width) {
		u->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		n = n << 8 | *u->at++;
	return n;
}

static void get_bytes(leno_unpack *u, leno_value *v, enum leno_kind kind, uint64_t size)
{
	v->kind = kind;
	if (u->bad || left(u) < size) {
		u->bad = true;
		return;
	}
	v->bytes = (leno_bytes){ u->at, (size_t)size };
	u->at += size;
}

static void get_ext(leno_unpack *u, leno_value *v, uint64_t size)
{
	v->type = (int8_t)get(u, 1);
	get_bytes(u, v, LENO_EXT, size);
}

/* Each member takes a byte at least. */
static void get_count(leno_unpack *u, leno_value *v, enum leno_kind kind, uint64_t count)
{
	v->kind = kind;
	v->count = (uint32_t)count;
	if (count * (kind == LENO_MAP ? 2 : 1) > left(u))
		u->bad = true;
}

static void get_uint(leno_value *v, uint64_t n)
{
	v->kind = n > INT64_MAX ? LENO_UINT : LENO_INT;
	v->natural = n;
	v->integer = n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

/* What came as `width` bytes, the sign in the highest bit. */
static void get_int(leno_unpack *u, leno_value *v, unsigned width)
{
	uint64_t n = get(u, width), sign = UINT64_C(1) << (8 * width - 1);

	v->kind = LENO_INT;
	v->integer = (int64_t)((n ^ sign) - sign);
	v->natural = v->integer < 0 ? 0 : (uint64_t)v->integer;
}

static void get_float(leno_unpack *u, leno_value *v, unsigned width)
{
	uint64_t bits = get(u, width);
	uint32_t narrow = (uint32_t)bits;
	float small;

	v->kind = LENO_FLOAT;
	if (width == 8) {
		memcpy(&v->real, &bits, sizeof v->real);
		return;
	}
	memcpy(&small, &narrow, sizeof small);
	v->real = (double)small;
}

static void get_long(leno_unpack *u, leno_value *v, unsigned first)
{
	switch (first) {
	case NIL: v->kind = LENO_NIL; break;
	case FALSE_: case TRUE_:
		v->kind = LENO_BOOL;
		v->boolean = first == TRUE_;
		break;
	case BIN8: case BIN16: case BIN32:
		get_bytes(u, v, LENO_BIN, get(u, 1u << (first - BIN8)));
		break;
	case EXT8: case EXT16: case EXT32:
		get_ext(u, v, get(u, 1u << (first - EXT8)));
		break;
	case FLOAT32: case FLOAT64: get_float(u, v, first == FLOAT32 ? 4 : 8); break;
	case UINT8: case UINT16: case UINT32: case UINT64:
		get_uint(v, get(u, 1u << (first - UINT8)));
		break;
	case INT8: case INT16: case INT32: case INT64:
		get_int(u, v, 1u << (first - INT8));
		break;
	case STR8: case STR16: case STR32:
		get_bytes(u, v, LENO_STR, get(u, 1u << (first - STR8)));
		break;
	case ARRAY16: case ARRAY32:
		get_count(u, v, LENO_ARRAY, get(u, first == ARRAY16 ? 2 : 4));
		break;
	case MAP16: case MAP32:
		get_count(u, v, LENO_MAP, get(u, first == MAP16 ? 2 : 4));
		break;
	default:
		if (first >= FIXEXT1 && first <= FIXEXT16)
			get_ext(u, v, UINT64_C(1) << (first - FIXEXT1));
		else
			u->bad = true;     /* 0xc1, which the format never uses */
	}
}

bool leno_unpack_next(leno_unpack *u, leno_value *ret)
{
	leno_value v = { .kind = LENO_INT };
	unsigned first;

	if (u->bad || left(u) == 0)
		return false;
	first = *u->at++;
	if (first < FIXMAP) {
		v.integer = (int64_t)first;
		v.natural = first;
	} else if (first < FIXARRAY) {
		get_count(u, &v, LENO_MAP, first & 0x0f);
	} else if (first < FIXSTR) {
		get_count(u, &v, LENO_ARRAY, first & 0x0f);
	} else if (first < NIL) {
		get_bytes(u, &v, LENO_STR, first & 0x1f);
	} else if (first >= 0xe0) {
		v.integer = (int64_t)first - 0x100;
	} else {
		get_long(u, &v, first);
	}
	if (u->bad)
		return false;
	*ret = v;
	return true;
}

leno_bytes leno_unpack_whole(leno_unpack *u)
{
	uint64_t open[LENO_DEPTH_MAX + 1] = { 1 };     /* members to come, of each that is open */
	const uint8_t *from = u->at;
	unsigned depth = 0;
	leno_value v;

	for (;;) {
		while (open[depth] == 0 && depth > 0)
			depth--;
		if (open[depth] == 0)
			return (leno_bytes){ from, (size_t)(u->at - from) };
		if (!leno_unpack_next(u, &v))
			break;
		open[depth]--;
		if (v.kind != LENO_ARRAY && v.kind != LENO_MAP)
			continue;
		if (++depth > LENO_DEPTH_MAX)
			break;
		open[depth] = (uint64_t)v.count * (v.kind == LENO_MAP ? 2 : 1);
	}
	u->bad = true;
	return (leno_bytes){ NULL, 0 };
}

bool leno_unpack_ok(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);

	leno_unpack_whole(&u);
	return !u.bad && u.at == u.end;
}
