/* contract.c - see contract.h. */
#include "service/contract.h"

#include <stdio.h>

enum type_bit {
	TYPE_NIL = 1, TYPE_BOOL = 2, TYPE_INT = 4, TYPE_NUMBER = 8, TYPE_STR = 16, TYPE_BIN = 32,
	TYPE_LIST = 64, TYPE_MAP = 128, TYPE_ANY = 256
};

static const struct { const char *name; enum type_bit bit; } types[] = {
	{ "any", TYPE_ANY }, { "nil", TYPE_NIL }, { "bool", TYPE_BOOL }, { "int", TYPE_INT },
	{ "number", TYPE_NUMBER }, { "str", TYPE_STR }, { "bin", TYPE_BIN }, { "list", TYPE_LIST },
	{ "map", TYPE_MAP }
};
enum { N_TYPES = sizeof types / sizeof *types };

/* ---- reading a line ------------------------------------------------------------- */

struct line { const uint8_t *at, *end; };

static void skip_spaces(struct line *l)
{
	while (l->at < l->end && *l->at == ' ')
		l->at++;
}

static bool eat(struct line *l, const char *text)
{
	size_t size = strlen(text);

	skip_spaces(l);
	if ((size_t)(l->end - l->at) < size || memcmp(l->at, text, size) != 0)
		return false;
	l->at += size;
	return true;
}

static struct bytes word(struct line *l)
{
	const uint8_t *from;

	skip_spaces(l);
	from = l->at;
	while (l->at < l->end && name_ok(bytes_of(l->at, 1), 1, false) && *l->at != '-')
		l->at++;
	return bytes_of(from, (size_t)(l->at - from));
}

static bool read_types(struct line *l, uint16_t *ret)
{
	*ret = 0;
	do {
		struct bytes name = word(l);
		unsigned i = 0;

		while (i < N_TYPES && !bytes_same(name, bytes_text(types[i].name)))
			i++;
		if (i == N_TYPES)
			return false;
		*ret |= (uint16_t)types[i].bit;
	} while (eat(l, "|"));
	return true;
}

static bool read_argument(struct line *l, struct method *m)
{
	struct argument *a = &m->arguments[m->n_arguments];
	bool optional;

	if (m->n_arguments == ARGUMENTS_MAX || m->variadic)
		return false;
	a->name = word(l);
	optional = eat(l, "?");
	if (a->name.size == 0 || !eat(l, ":") || !read_types(l, &a->types))
		return false;
	m->variadic = eat(l, "...");
	if (!optional && !m->variadic && m->n_needed < m->n_arguments)
		return false; /* one that must be there, behind one that need not */
	m->n_needed += !optional && !m->variadic;
	m->n_arguments++;
	return !optional || !m->variadic;
}

static bool read_arguments(struct line *l, struct method *m)
{
	if (!eat(l, "("))
		return m->flags & METHOD_EVENT;
	if (eat(l, ")"))
		return true;
	do {
		if (!read_argument(l, m))
			return false;
	} while (eat(l, ","));
	return eat(l, ")");
}

static bool printable(struct bytes line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] < ' ' || line.data[i] > '~')
			return false;
	return true;
}

bool contract_read(struct bytes line, struct method *ret)
{
	static const struct { const char *word; unsigned flag; } words[] = {
		{ "idempotent ", METHOD_IDEMPOTENT }, { "stream ", METHOD_STREAM },
		{ "event ", METHOD_EVENT }
	};
	struct line l = { line.data, line.data + line.size };
	struct method m = { .line = line, .result = TYPE_ANY };

	if (line.size == 0 || line.size > METHOD_LINE_MAX || !printable(line))
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (eat(&l, words[i].word))
			m.flags |= words[i].flag;
	m.name = word(&l);
	if (!name_ok(m.name, LENO_METHOD_MAX, false) || !read_arguments(&l, &m))
		return false;
	if ((m.flags & METHOD_EVENT) &&
	    (m.flags != METHOD_EVENT || m.n_arguments > 1 || m.variadic))
		return false;
	if (eat(&l, "->") && ((m.flags & METHOD_EVENT) || !read_types(&l, &m.result)))
		return false;
	skip_spaces(&l);
	if (l.at != l.end)
		return false;
	*ret = m;
	return true;
}

uint32_t contract_hash(struct bytes text)
{
	uint32_t hash =
		UINT32_C(2166136261); /* FNV-1a: it tells versions apart, and proves nothing */

	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ text.data[i]) * UINT32_C(16777619);
	return hash;
}

/* ---- checking ------------------------------------------------------------------- */

static enum type_bit type_of(enum leno_kind kind)
{
	switch (kind) {
	case LENO_NIL:   return TYPE_NIL;
	case LENO_BOOL:  return TYPE_BOOL;
	case LENO_INT:
	case LENO_UINT:  return TYPE_INT;
	case LENO_FLOAT: return TYPE_NUMBER;
	case LENO_STR:   return TYPE_STR;
	case LENO_BIN:   return TYPE_BIN;
	case LENO_ARRAY: return TYPE_LIST;
	case LENO_MAP:   return TYPE_MAP;
	case LENO_EXT:   break;
	}
	return TYPE_ANY;
}

static bool fits(uint16_t wanted, enum type_bit is)
{
	return (wanted & (TYPE_ANY | is)) || ((wanted & TYPE_NUMBER) && is == TYPE_INT);
}

/* One value, its members too; its type alone is told. */
static bool whole(leno_unpack *u, enum type_bit *ret)
{
	leno_unpack head = *u;
	leno_value v;

	if (!leno_unpack_next(&head, &v) || !leno_unpack_whole(u).data)
		return false;
	*ret = type_of(v.kind);
	return true;
}

static const char *type_name(enum type_bit bit)
{
	unsigned i = 0;

	while (i + 1 < N_TYPES && types[i].bit != bit)
		i++;
	return types[i].bit == TYPE_ANY ? "an extension" : types[i].name;
}

static void wanted_names(uint16_t wanted, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < N_TYPES && used + 8 < size; i++)
		if (wanted & types[i].bit)
			used += (size_t)snprintf(ret + used, size - used, "%s%s", used ? "|" : "",
			                         types[i].name);
}

static bool takes_one(const struct method *m, unsigned i, enum type_bit is, char *ret_why)
{
	const struct argument *a = &m->arguments[i < m->n_arguments ? i : m->n_arguments - 1];
	int shown = a->name.size < 40 ? (int)a->name.size : 40;
	char names[64];

	/* What may be left out may be nil, so that what stands behind it can be said: one of any
	 * number is simply not there. */
	if (fits(a->types, is) ||
	    (is == TYPE_NIL && i >= m->n_needed && i + m->variadic < m->n_arguments))
		return true;
	wanted_names(a->types, names, sizeof names);
	snprintf(ret_why, COMPLAINT_MAX, "argument %u (%.*s) is %s, not %s", i + 1, shown,
	         (const char *)a->name.data, type_name(is), names);
	return false;
}

bool contract_takes(const struct method *m, leno_bytes arguments, char *ret_why)
{
	leno_unpack u = leno_unpack_from(arguments);
	leno_value v = { .count = 0 };
	enum type_bit is;

	snprintf(ret_why, COMPLAINT_MAX, "the arguments are no MessagePack array");
	if (arguments.size > 0 && (!leno_unpack_next(&u, &v) || v.kind != LENO_ARRAY))
		return false;
	for (unsigned i = 0; i < v.count; i++) {
		if (!whole(&u, &is))
			return false;
		if (i >= m->n_arguments && !m->variadic) {
			snprintf(ret_why, COMPLAINT_MAX, "%u arguments are too many: at most %u",
			         (unsigned)v.count, m->n_arguments);
			return false;
		}
		if (!takes_one(m, i, is, ret_why))
			return false;
	}
	if (u.at != u.end)
		return false;
	if (v.count < m->n_needed) {
		snprintf(ret_why, COMPLAINT_MAX, "argument %u (%.*s) is missing",
		         (unsigned)v.count + 1,
		         (int)(m->arguments[v.count].name.size < 40
		                       ? m->arguments[v.count].name.size
		                       : 40),
		         (const char *)m->arguments[v.count].name.data);
		return false;
	}
	return true;
}

static bool one_fits(uint16_t wanted, leno_bytes value)
{
	leno_unpack u = leno_unpack_from(value);
	enum type_bit is;

	return whole(&u, &is) && u.at == u.end && fits(wanted, is);
}

bool contract_gives(const struct method *m, leno_bytes result)
{
	return result.size == 0 ? fits(m->result, TYPE_NIL)    /* nothing is nil */
	                        : one_fits(m->result, result);
}

bool contract_says(const struct method *m, leno_bytes value)
{
	if (value.size == 0 || m->n_arguments == 0)
		return value.size == 0 && m->n_needed == 0;
	return one_fits((uint16_t)(m->arguments[0].types | (m->n_needed == 0 ? TYPE_NIL : 0)), value);
}
