/* names.c - see names.h. */
#include "service/names.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_plain(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_';
}

bool name_ok(struct bytes name, size_t max, bool dots)
{
	if (name.size == 0 || name.size > max || name.data[0] == '.' ||
	    name.data[name.size - 1] == '.')
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!is_plain(name.data[i]) && !(dots && name.data[i] == '.'))
			return false;
	return true;
}

bool pattern_ok(struct bytes pattern)
{
	if (pattern.size == 0 || pattern.size > EVENT_MAX)
		return false;
	for (size_t i = 0; i < pattern.size; i++)
		if (!is_plain(pattern.data[i]) && pattern.data[i] != '.' && pattern.data[i] != '*')
			return false;
	return true;
}

/* Only the last '*' is ever tried anew: so it takes no more than the product of both sizes. */
bool pattern_matches(struct bytes pattern, struct bytes name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, tried = 0;

	while (n < name.size) {
		if (p < pattern.size && pattern.data[p] == '*') {
			star = p++;
			tried = n;
		} else if (p < pattern.size && pattern.data[p] == name.data[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++tried;
		} else {
			return false;
		}
	}
	while (p < pattern.size && pattern.data[p] == '*')
		p++;
	return p == pattern.size;
}

bool version_ok(struct bytes version)
{
	return version.size == 0 || name_ok(version, LENO_VERSION_MAX, true);
}

/* The run of digits that begins here, without zeros before it. */
static struct bytes digits(struct bytes text, size_t *at)
{
	size_t from = *at, to = from;

	while (to < text.size && is_digit(text.data[to]))
		to++;
	*at = to;
	while (from < to && text.data[from] == '0')
		from++;
	return bytes_of(text.data + from, to - from);
}

static int bytes_order(struct bytes a, struct bytes b)
{
	int order;

	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	order = a.size ? memcmp(a.data, b.data, a.size) : 0;
	return order < 0 ? -1 : order > 0;
}

int version_order(struct bytes a, struct bytes b)
{
	size_t i = 0, j = 0;

	while (i < a.size && j < b.size) {
		int order;

		if (is_digit(a.data[i]) && is_digit(b.data[j])) {
			struct bytes x = digits(a, &i), y = digits(b, &j);

			order = bytes_order(x, y);
		} else {
			order = (a.data[i] > b.data[j]) - (a.data[i] < b.data[j]);
			i++;
			j++;
		}
		if (order)
			return order;
	}
	return (i < a.size) - (j < b.size);
}
