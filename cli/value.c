/* value.c - see value.h. */
#include "value.h"
#include "output.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double EXACT_MAX = 9007199254740992.0; /* 2^53: beyond it doubles skip integers */

/* ---- from JSON ------------------------------------------------------------------ */

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* In place of the text itself, which is longer. False: it is no base64. */
static bool base64_decode(char *text, size_t *ret_size)
{
	size_t n = strlen(text), size = 0;
	uint32_t bits = 0;

	if (n % 4)
		return false;
	while (n > 0 && text[n - 1] == '=' && strlen(text) - n < 2)
		n--;
	for (size_t i = 0; i < n; i++) /* before anything of it is written over */
		if (digit_of(text[i]) < 0)
			return false;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 6 | (uint32_t)digit_of(text[i]);
		if (i % 4)
			text[size++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	*ret_size = size;
	return true;
}

static bool pack_bytes(leno_pack *p, cJSON *object)
{
	cJSON *text = cJSON_GetObjectItemCaseSensitive(object, "base64");
	size_t size;

	if (cJSON_GetArraySize(object) != 1 || !cJSON_IsString(text) ||
	    !base64_decode(text->valuestring, &size))
		return false;
	leno_pack_bin(p, (leno_bytes){ text->valuestring, size });
	return true;
}

/* A value on its way, and what of its text is still to come: what cJSON makes of a number is a
 * double, which has not all the digits of an id of 64 bits. */
struct packing {
	leno_pack pack;
	const char *at, *end;
	bool bad;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The text of the number that is next: outside of strings nothing else has digits or a minus. */
static leno_bytes next_number(struct packing *k)
{
	const char *from;

	for (bool quoted = false; k->at < k->end; k->at++) {
		if (quoted && *k->at == '\\')
			k->at++;
		else if (*k->at == '"')
			quoted = !quoted;
		else if (!quoted && (*k->at == '-' || is_digit(*k->at)))
			break;
	}
	for (from = k->at; k->at < k->end && *k->at && strchr("0123456789+-.eE", *k->at);)
		k->at++;
	return (leno_bytes){ from, (size_t)(k->at - from) };
}

static size_t digits_of(const char *at, const char *end)
{
	const char *from = at;

	while (at < end && is_digit(*at))
		at++;
	return (size_t)(at - from);
}

enum number { NO_JSON, WITH_SIGN, NATURAL, FRACTION };

/* cJSON takes 0049 for 49, and JSON does not. */
static enum number number_kind(leno_bytes number)
{
	const char *at = number.data, *end = at + number.size;
	bool negative = at < end && *at == '-';
	size_t n = digits_of(at += negative, end);

	if (n == 0 || (n > 1 && *at == '0'))
		return NO_JSON;
	at += n;
	if (at == end)
		return negative ? WITH_SIGN : NATURAL;
	return *at == '.' && digits_of(at + 1, end) == 0 ? NO_JSON : FRACTION;
}

static bool pack_integer(leno_pack *p, leno_bytes number, bool with_sign)
{
	char text[24];             /* what is longer has more than 64 bits */
	int64_t integer;
	uint64_t natural;

	if (number.size >= sizeof text)
		return false;
	memcpy(text, number.data, number.size);
	text[number.size] = '\0';
	errno = 0;
	if (with_sign) {
		integer = strtoll(text, NULL, 10);
		if (errno == 0)
			leno_pack_int(p, integer);
	} else {
		natural = strtoull(text, NULL, 10);
		if (errno == 0)
			leno_pack_uint(p, natural);
	}
	return errno == 0;
}

static void pack_number(struct packing *k, double n)
{
	int64_t whole = n >= -EXACT_MAX && n <= EXACT_MAX ? (int64_t)n : 0;
	leno_bytes text = next_number(k);
	enum number kind = number_kind(text);

	k->bad = k->bad || kind == NO_JSON;
	if ((kind == WITH_SIGN || kind == NATURAL) &&
	    pack_integer(&k->pack, text, kind == WITH_SIGN))
		return;
	if (n >= (double)whole && n <= (double)whole)
		leno_pack_int(&k->pack, whole);
	else
		leno_pack_float(&k->pack, n);
}

static void pack(struct packing *k, cJSON *v)
{
	leno_pack *p = &k->pack;
	cJSON *member;

	if (cJSON_IsObject(v)) {
		if (pack_bytes(p, v))
			return;
		leno_pack_map(p, (uint32_t)cJSON_GetArraySize(v));
		cJSON_ArrayForEach(member, v) {
			leno_pack_text(p, member->string);
			pack(k, member);
		}
	} else if (cJSON_IsArray(v)) {
		leno_pack_array(p, (uint32_t)cJSON_GetArraySize(v));
		cJSON_ArrayForEach(member, v)
			pack(k, member);
	} else if (cJSON_IsString(v)) {
		leno_pack_text(p, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		pack_number(k, v->valuedouble);
	} else if (cJSON_IsBool(v)) {
		leno_pack_bool(p, cJSON_IsTrue(v));
	} else {
		leno_pack_nil(p);
	}
}

/* Where it stands cJSON ends the text, and what is behind it would be lost without a word. */
static bool has_nul(const char *text, size_t size)
{
	for (size_t i = 0; i + 6 <= size; i++) {
		if (text[i] != '\\')
			continue;
		if (memcmp(text + i + 1, "u0000", 5) == 0)
			return true;
		i++;                           /* what follows is no beginning of another */
	}
	return false;
}

/* A character of JSON is never more than nine bytes: "0.5," is the densest there is. */
static void *from_json(const char *text, size_t size, bool arguments, leno_bytes *ret)
{
	const char *end = NULL;
	cJSON *v = has_nul(text, size) ? NULL : cJSON_ParseWithLengthOpts(text, size, &end, false);
	struct packing k = { .at = text, .end = text + size };

	while (v != NULL && end < text + size && strchr(" \t\r\n", *end) && *end)
		end++;
	if (v == NULL || end != text + size) {
		cJSON_Delete(v);
		return NULL;
	}
	k.pack = leno_pack_into(need(malloc(9 * size + 16)), 9 * size + 16);
	if (arguments && !cJSON_IsArray(v))
		leno_pack_array(&k.pack, 1);
	pack(&k, v);
	cJSON_Delete(v);
	*ret = leno_pack_bytes(&k.pack);
	if (!k.bad && leno_unpack_ok(*ret))
		return k.pack.data;
	free(k.pack.data);
	return NULL;
}

void *value_from_json(const char *text, size_t size, leno_bytes *ret)
{
	return from_json(text, size, false, ret);
}

void *arguments_from_json(const char *text, size_t size, leno_bytes *ret)
{
	if (size > 0)
		return from_json(text, size, true, ret);
	*ret = (leno_bytes){ NULL, 0 };
	return need(malloc(1));
}

/* ---- to JSON -------------------------------------------------------------------- */

static cJSON *read_value(leno_unpack *u);

static cJSON *integer(const leno_value *v)
{
	char digits[32];

	if (v->kind == LENO_UINT)
		snprintf(digits, sizeof digits, "%" PRIu64, v->natural);
	else
		snprintf(digits, sizeof digits, "%" PRId64, v->integer);
	return need(cJSON_CreateRaw(digits));
}

static cJSON *bytes(const leno_value *v)
{
	char *text = need(malloc(BASE64_SIZE(v->bytes.size)));
	cJSON *object = need(cJSON_CreateObject());

	base64_encode(text, v->bytes.data, v->bytes.size);
	if (v->kind == LENO_EXT)
		json_number(object, "ext", v->type);
	need(cJSON_AddStringToObject(object, "base64", text));
	free(text);
	return object;
}

static char *copied(leno_bytes b)
{
	char *text = need(malloc(b.size + 1));

	if (b.size > 0)
		memcpy(text, b.data, b.size);
	text[b.size] = '\0';
	return text;
}

static cJSON *text_of(const leno_value *v)
{
	char *text;
	cJSON *string;

	if (!utf8_is_text(v->bytes.data, v->bytes.size))
		return bytes(v);
	text = copied(v->bytes);
	string = need(cJSON_CreateString(text));
	free(text);
	return string;
}

static cJSON *list(leno_unpack *u, uint32_t count)
{
	cJSON *array = need(cJSON_CreateArray());

	for (uint32_t i = 0; i < count; i++)
		cJSON_AddItemToArray(array, read_value(u));
	return array;
}

static cJSON *map(leno_unpack *u, uint32_t count)
{
	cJSON *object = need(cJSON_CreateObject());

	for (uint32_t i = 0; i < count; i++) {
		cJSON *name = read_value(u);
		char *key = cJSON_IsString(name) ? need(strdup(name->valuestring))
		                                 : need(cJSON_PrintUnformatted(name));

		cJSON_AddItemToObject(object, key, read_value(u));
		free(key);
		cJSON_Delete(name);
	}
	return object;
}

/* It has been checked before: nothing is missing, and no deeper than LENO_DEPTH_MAX. */
static cJSON *read_value(leno_unpack *u)
{
	leno_value v = { .kind = LENO_NIL };

	leno_unpack_next(u, &v);
	switch (v.kind) {
	case LENO_BOOL: return need(cJSON_CreateBool(v.boolean));
	case LENO_INT:
	case LENO_UINT: return integer(&v);
	case LENO_FLOAT:
		return need(isfinite(v.real) ? cJSON_CreateNumber(v.real) : cJSON_CreateNull());
	case LENO_STR: return text_of(&v);
	case LENO_BIN:
	case LENO_EXT: return bytes(&v);
	case LENO_ARRAY: return list(u, v.count);
	case LENO_MAP: return map(u, v.count);
	case LENO_NIL: break;
	}
	return need(cJSON_CreateNull());
}

/* A byte may be a value, and each costs a hundred bytes as JSON. */
static bool has_few(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);
	size_t count = 0;
	leno_value v;

	while (count <= VALUES_MAX && leno_unpack_next(&u, &v))
		count++;
	return count <= VALUES_MAX;
}

cJSON *value_to_json(leno_bytes b)
{
	leno_unpack u = leno_unpack_from(b);

	if (b.size == 0)
		return need(cJSON_CreateNull());
	return leno_unpack_ok(b) && has_few(b) ? read_value(&u) : NULL;
}
