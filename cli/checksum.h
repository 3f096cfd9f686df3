/* checksum.h - SHA-256 of what passes by, so that `sha256sum` says the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_SIZE = 32, CHECKSUM_TEXT = 2 * CHECKSUM_SIZE + 1 };

struct checksum;

struct checksum *checksum_new(void);
void checksum_free(struct checksum *); /* NULL is fine */
void checksum_restart(struct checksum *);
void checksum_add(struct checksum *, const void *data, size_t size);

/* Of all that was added; more may follow. */
void checksum_value(const struct checksum *, uint8_t ret[CHECKSUM_SIZE]);

char *checksum_text(const uint8_t value[CHECKSUM_SIZE], char ret[CHECKSUM_TEXT]);
