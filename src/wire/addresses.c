/* addresses.c - see addresses.h. */
#include "wire/addresses.h"

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_scheme(uint8_t c)
{
	return is_lower(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

bool address_ok(struct bytes uri)
{
	static const char local[] = "local:";
	size_t scheme = 0;

	if (uri.size == 0 || uri.size > ADVERTISED_URI || !is_lower(uri.data[0]))
		return false;
	while (scheme < uri.size && is_scheme(uri.data[scheme]))
		scheme++;
	if (scheme + 1 >= uri.size || uri.data[scheme] != ':')
		return false;
	for (size_t i = scheme; i < uri.size; i++)
		if (uri.data[i] <= ' ' || uri.data[i] >= 0x7f)
			return false;
	return uri.size < sizeof local - 1 || memcmp(uri.data, local, sizeof local - 1) != 0;
}

bool addresses_read(struct bytes raw, struct addresses *ret)
{
	struct reader r = reader_of(raw);
	struct addresses a = { 0 };
	uint64_t count;

	read_copy(&r, a.machine, sizeof a.machine);
	count = read_varint(&r);
	r.bad = r.bad || count > ADVERTISED_MAX;
	for (; a.n < count && !r.bad; a.n++) {
		uint8_t reach = read_u8(&r);

		a.at[a.n].uri = read_sized(&r, ADVERTISED_URI);
		r.bad = r.bad || reach > REACH_MACHINE || !address_ok(a.at[a.n].uri);
		a.at[a.n].reach = r.bad ? REACH_ANY : (enum reach)reach;
	}
	if (!read_end(&r))
		return false;
	*ret = a;
	return true;
}

void addresses_write(struct writer *w, const struct addresses *a)
{
	write_bytes(w, a->machine, sizeof a->machine);
	write_varint(w, a->n);
	for (size_t i = 0; i < a->n; i++) {
		write_u8(w, (uint8_t)a->at[i].reach);
		write_sized(w, a->at[i].uri);
	}
}

bool addresses_beside(const uint8_t a[MACHINE_SIZE], const uint8_t b[MACHINE_SIZE])
{
	static const uint8_t unknown[MACHINE_SIZE];

	return memcmp(a, b, MACHINE_SIZE) == 0 && memcmp(a, unknown, MACHINE_SIZE) != 0;
}
