/* status.c - what a node says of itself: a map, so that later versions can say more and earlier
 * ones be understood. See command.h.
 *
 *  1. Keys that are not known are passed over, what is missing is 0. */
#include "service/command.h"

#include <stddef.h>

struct number {
	const char *key;
	size_t at, size;
};

#define NUMBER(field) { #field, offsetof(leno_status, field), sizeof((leno_status *)0)->field }

static const struct number numbers[] = {
	NUMBER(uptime_ms), NUMBER(links),      NUMBER(nodes),    NUMBER(sessions), NUMBER(memory),
	NUMBER(memory_max), NUMBER(resident),  NUMBER(cpu),      NUMBER(load),
};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

static uint64_t number_get(const struct number *n, const leno_status *s)
{
	const char *at = (const char *)s + n->at;
	uint32_t small;
	uint64_t value;

	if (n->size == sizeof small) {
		memcpy(&small, at, sizeof small);
		return small;
	}
	memcpy(&value, at, sizeof value);
	return value;
}

static uint32_t no_more(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void number_set(const struct number *n, leno_status *s, uint64_t value)
{
	char *at = (char *)s + n->at;
	uint32_t small = no_more(value);

	if (n->size == sizeof small)
		memcpy(at, &small, sizeof small);
	else
		memcpy(at, &value, sizeof value);
}

/* ---- writing ------------------------------------------------------------------------- */

void status_write(leno_pack *p, const leno_status *s)
{
	uint32_t pairs = 1 + (s->n_services > 0) + (s->n_words > 0);

	for (size_t i = 0; i < NUMBERS; i++)
		pairs += number_get(&numbers[i], s) > 0;
	leno_pack_map(p, pairs);
	leno_pack_text(p, "version");
	leno_pack_text(p, s->version);
	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t value = number_get(&numbers[i], s);

		if (value == 0)
			continue;
		leno_pack_text(p, numbers[i].key);
		leno_pack_uint(p, value);
	}
	if (s->n_services > 0) {
		leno_pack_text(p, "services");
		leno_pack_array(p, (uint32_t)s->n_services);
	}
	for (size_t i = 0; i < s->n_services; i++) {
		leno_pack_array(p, 5);
		leno_pack_text(p, s->services[i].name);
		leno_pack_text(p, s->services[i].version);
		leno_pack_uint(p, s->services[i].load);
		leno_pack_uint(p, s->services[i].running);
		leno_pack_uint(p, s->services[i].waiting);
	}
	if (s->n_words > 0) {
		leno_pack_text(p, "commands");
		leno_pack_array(p, (uint32_t)s->n_words);
	}
	for (size_t i = 0; i < s->n_words; i++)
		leno_pack_text(p, s->words[i]);
}

/* ---- reading ------------------------------------------------------------------------- */

static bool head_of(leno_unpack *u, enum leno_kind kind, uint32_t *ret)
{
	leno_value v;

	if (!leno_unpack_next(u, &v) || v.kind != kind)
		return false;
	*ret = v.count;
	return true;
}

static bool read_natural(leno_unpack *u, uint64_t *ret)
{
	leno_value v;

	if (!leno_unpack_next(u, &v) || (v.kind != LENO_UINT && v.kind != LENO_INT) ||
	    (v.kind == LENO_INT && v.integer < 0))
		return false;
	*ret = v.natural;
	return true;
}

static bool read_small(leno_unpack *u, uint32_t *ret)
{
	uint64_t value;

	if (!read_natural(u, &value))
		return false;
	*ret = no_more(value);
	return true;
}

static struct bytes read_str(leno_unpack *u)
{
	leno_value v;

	if (!leno_unpack_next(u, &v) || v.kind != LENO_STR) {
		u->bad = true;
		return bytes_of(NULL, 0);
	}
	return bytes_of(v.bytes.data, v.bytes.size);
}

static void copy_text(char *ret, struct bytes text)
{
	bytes_copy(ret, text.data, text.size);
	ret[text.size] = '\0';
}

static bool read_service(leno_unpack *u, leno_status *s, size_t i)
{
	struct bytes name, version;
	uint32_t count, load;

	if (!head_of(u, LENO_ARRAY, &count) || count < 5)
		return false;
	name = read_str(u);
	version = read_str(u);
	if (u->bad || !name_ok(name, LENO_SERVICE_MAX, true) || !version_ok(version) ||
	    !read_small(u, &load) || !read_small(u, &s->services[i].running) ||
	    !read_small(u, &s->services[i].waiting))
		return false;
	copy_text(s->services[i].name, name);
	copy_text(s->services[i].version, version);
	s->services[i].load = load;
	for (; count > 5; count--)                 /* of a later version */
		leno_unpack_whole(u);
	return !u->bad;
}

static bool read_services(leno_unpack *u, leno_status *s)
{
	uint32_t count;

	if (!head_of(u, LENO_ARRAY, &count) || count > LENO_STATUS_SERVICES)
		return false;
	for (s->n_services = 0; s->n_services < count; s->n_services++)
		if (!read_service(u, s, s->n_services))
			return false;
	return true;
}

static bool read_words(leno_unpack *u, leno_status *s)
{
	uint32_t count;

	if (!head_of(u, LENO_ARRAY, &count) || count > LENO_WORDS_MAX)
		return false;
	for (s->n_words = 0; s->n_words < count; s->n_words++) {
		struct bytes word = read_str(u);

		if (u->bad || !name_ok(word, LENO_WORD_MAX, false))
			return false;
		copy_text(s->words[s->n_words], word);
	}
	return true;
}

static bool read_version(leno_unpack *u, leno_status *s)
{
	struct bytes version = read_str(u);

	if (u->bad || version.size >= sizeof s->version ||
	    (version.size > 0 && memchr(version.data, 0, version.size)))
		return false;
	copy_text(s->version, version);
	return true;
}

static bool read_pair(leno_unpack *u, leno_status *s)
{
	struct bytes key = read_str(u);
	uint64_t value;

	if (u->bad)
		return false;
	if (bytes_same(key, bytes_text("version")))
		return read_version(u, s);
	if (bytes_same(key, bytes_text("services")))
		return read_services(u, s);
	if (bytes_same(key, bytes_text("commands")))
		return read_words(u, s);
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!bytes_same(key, bytes_text(numbers[i].key)))
			continue;
		if (!read_natural(u, &value))
			return false;
		number_set(&numbers[i], s, value);
		return true;
	}
	leno_unpack_whole(u);
	return !u->bad;
}

bool status_read(struct bytes raw, leno_status *ret)
{
	leno_unpack u = leno_unpack_from((leno_bytes){ raw.data, raw.size });
	leno_status s;
	uint32_t pairs;

	memset(&s, 0, sizeof s);
	if (!head_of(&u, LENO_MAP, &pairs))
		return false;
	for (; pairs > 0; pairs--)
		if (!read_pair(&u, &s))
			return false;
	if (u.bad || u.at != u.end)
		return false;
	*ret = s;
	return true;
}
