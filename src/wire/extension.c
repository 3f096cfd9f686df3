/* extension.c - see extension.h. */
#include "wire/extension.h"

bool extension_find(struct bytes all, enum extension_kind kind, struct bytes *ret)
{
	struct reader r = reader_of(all);

	while (!r.bad && reader_left(&r) > 0) {
		uint8_t found = read_u8(&r);
		struct bytes value = read_sized(&r, all.size);

		if (r.bad || found != kind)
			continue;
		*ret = value;
		return true;
	}
	return false;
}

void write_extension(struct writer *w, enum extension_kind kind, struct bytes value)
{
	write_u8(w, (uint8_t)kind);
	write_sized(w, value);
}
