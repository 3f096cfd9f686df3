/* names.h - how services, methods and events may be called, and patterns of them. */
#ifndef LENO_SERVICE_NAMES_H
#define LENO_SERVICE_NAMES_H

#include <leno.h>

#include "base/bytes.h"

enum { EVENT_MAX = 127 };        /* bytes of an event's name, or of a pattern */

/* Letters, digits, '-' and '_': of a service also '.' within. */
bool name_ok(struct bytes, size_t max, bool dots);

/* As a name with dots; '*' stands for any run of bytes. */
bool pattern_ok(struct bytes);
bool pattern_matches(struct bytes pattern, struct bytes name);

/* Which of two versions is newer: numbers count as numbers, all else by its bytes. */
bool version_ok(struct bytes);
int  version_order(struct bytes a, struct bytes b);

#endif
