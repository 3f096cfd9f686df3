/* values.c - how people write flags, counts and durations. */
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool parse_flag(const char *text, bool *ret)
{
	static const char *const yes[] = { "1", "yes", "true", "on" };
	static const char *const no[] = { "0", "no", "false", "off", "" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return *ret = true, true;
	}
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		if (strcasecmp(text, no[i]) == 0)
			return *ret = false, true;
	}
	return false;
}

bool parse_count(const char *text, long least, long most, long *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
		return false;
	*ret = n;
	return true;
}

bool parse_duration(const char *text, leno_ms *ret)
{
	leno_ms ms = 0, unit = 1000, fraction = 100;
	const char *s = text;
	size_t whole = strspn(s, "0123456789");

	if (whole > 9)
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		ms = ms * 10 + (*s - '0');
	if (strcmp(s, "ms") == 0) {
		*ret = ms;
		return whole > 0;
	}
	ms *= unit;
	if (*s == '.') {
		s++;
		if (whole == 0 && !(*s >= '0' && *s <= '9'))
			return false;
		for (; *s >= '0' && *s <= '9'; s++, fraction /= 10)
			ms += (*s - '0') * fraction;
	} else if (whole == 0) {
		return false;
	}
	if (strcmp(s, "s") != 0 && *s != '\0')
		return false;
	*ret = ms;
	return true;
}
