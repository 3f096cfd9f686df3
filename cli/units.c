/* units.c - see units.h. Three digits say enough; what is below one is still not nothing. */
#include "units.h"

#include <stdio.h>

static char *scaled(char *ret, double value, double step, const char *const *units, size_t n)
{
	size_t i = 0;

	/* 1023.7 B is shown as 1.0 KiB, not as 1024 B. */
	while (i + 1 < n && value >= step - 0.5) {
		value /= step;
		i++;
	}
	if (i > 0 || (value > 0 && value < 9.95 && value != (double)(int)value))
		snprintf(ret, UNITS_MAX, value < 99.95 ? "%.1f%s" : "%.0f%s", value, units[i]);
	else
		snprintf(ret, UNITS_MAX, "%.0f%s", value, units[i]);
	return ret;
}

char *show_bytes(char ret[UNITS_MAX], double bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };

	return scaled(ret, bytes, 1024, units, sizeof units / sizeof units[0]);
}

char *show_count(char ret[UNITS_MAX], double count)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };

	return scaled(ret, count, 1000, units, sizeof units / sizeof units[0]);
}

char *show_trip(char ret[UNITS_MAX], uint32_t us)
{
	if (us == 0)
		snprintf(ret, UNITS_MAX, "-");
	else if (us < 1000000)
		snprintf(ret, UNITS_MAX, us < 100000 ? "%.2f ms" : "%.0f ms", us / 1e3);
	else
		snprintf(ret, UNITS_MAX, "%.1f s", us / 1e6);
	return ret;
}

char *show_age(char ret[UNITS_MAX], uint64_t ms)
{
	unsigned s = ms / 1000 < UINT32_MAX ? (unsigned)(ms / 1000) : UINT32_MAX;

	if (s < 60)
		snprintf(ret, UNITS_MAX, "%us", s);
	else if (s < 3600)
		snprintf(ret, UNITS_MAX, "%um%02us", s / 60, s % 60);
	else if (s < 86400)
		snprintf(ret, UNITS_MAX, "%uh%02um", s / 3600, s / 60 % 60);
	else
		snprintf(ret, UNITS_MAX, "%ud%02uh", s / 86400, s / 3600 % 24);
	return ret;
}
