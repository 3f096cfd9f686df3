/* units.h - numbers as people read them. Each writes into ret, which it returns; UNITS_MAX
 * bytes are enough. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { UNITS_MAX = 24 };

char *show_bytes(char ret[UNITS_MAX], double bytes);         /* "0 B", "1.5 KiB", "12 GiB" */
char *show_count(char ret[UNITS_MAX], double count);         /* "0", "999", "1.5k", "12M"  */
char *show_trip(char ret[UNITS_MAX], uint32_t us);           /* "-" when 0, "0.12 ms", "1.5 s" */
char *show_age(char ret[UNITS_MAX], uint64_t ms);            /* "9s", "5m09s", "3h05m", "2d03h" */
