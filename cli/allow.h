/* allow.h - the list of --allow and --allow-file. */
#pragma once

#include "common.h"

/* All ids of both; *ret is free()d by the caller, NULL when nothing is said. False, after a
 * sentence, when one is no id, or the file cannot be read. */
bool allow_read(const struct settings *, leno_id **ret, size_t *ret_n);
