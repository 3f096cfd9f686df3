/* config.h - the configuration file: lines of "option = value". */
#pragma once

#include "common.h"

enum { CONFIG_LINE = 4096 + 256 }; /* a path, its option, and 3 bytes for inih */

/* Reads the file that the settings name into them, as the last layer. One that is not there is
 * wrong only when somebody named it. False: *ret_wrong says what is wrong, in a sentence that
 * begins with the file and the line. */
bool config_read(struct settings *, char ret_wrong[CONFIG_WRONG]);

/* For config_read(): NULL, or what is wrong with the value. */
const char *settings_from_file(struct settings *, size_t i, const char *value);
