/* extensions.c - see extensions.h. */
#include "wire/extensions.h"

void write_extension(struct writer *w, enum extension_kind kind, struct bytes value)
{
	write_u8(w, (uint8_t)kind);
	write_sized(w, value);
}

/* The next one; false at the end, or (r->bad) when there is none to be read. */
static bool next(struct reader *r, uint8_t *ret_kind, struct bytes *ret_value)
{
	if (r->bad || reader_left(r) == 0)
		return false;
	*ret_kind = read_u8(r);
	*ret_value = read_sized(r, reader_left(r));
	return !r->bad;
}

bool extensions_ok(struct bytes all)
{
	struct reader r = reader_of(all);
	struct bytes value;
	uint8_t kind;
	int last = -1;

	while (next(&r, &kind, &value)) {
		if (kind <= last)
			return false;
		last = kind;
	}
	return !r.bad;
}

bool extensions_find(struct bytes all, uint8_t kind, struct bytes *ret)
{
	struct reader r = reader_of(all);
	struct bytes value;
	uint8_t is;

	while (next(&r, &is, &value)) {
		if (is != kind)
			continue;
		*ret = value;
		return true;
	}
	return false;
}

bool extensions_set(uint8_t *buf, size_t *size, size_t capacity, uint8_t kind,
                    struct bytes value)
{
	struct reader r = reader_of(bytes_of(buf, *size));
	size_t from = 0, to = 0, takes = 0;        /* what gives way, and to how much */
	struct bytes old;
	uint8_t is;

	while (next(&r, &is, &old) && is <= kind) {
		to = (size_t)(r.at - buf);
		if (is < kind)
			from = to;
	}
	if (value.data)
		takes = 1 + varint_size(value.size) + value.size;
	if (from + takes + (*size - to) > capacity)
		return false;
	memmove(buf + from + takes, buf + to, *size - to);
	*size = from + takes + (*size - to);
	if (value.data) {
		struct writer w = writer_of(buf + from, takes);

		write_extension(&w, (enum extension_kind)kind, value);
	}
	return true;
}
