/* checksum.c - SHA-256 by OpenSSL, which uses what the processor has for it. */
#include "checksum.h"
#include "output.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct checksum {
	EVP_MD_CTX *context, *copy;
};

/* The library cannot do without memory, and says so in no other way. */
static void worked(int result)
{
	if (result != 1)
		need(NULL);
}

struct checksum *checksum_new(void)
{
	struct checksum *c = need(malloc(sizeof *c));

	c->context = need(EVP_MD_CTX_new());
	c->copy = need(EVP_MD_CTX_new());
	checksum_restart(c);
	return c;
}

void checksum_free(struct checksum *c)
{
	if (c == NULL)
		return;
	EVP_MD_CTX_free(c->context);
	EVP_MD_CTX_free(c->copy);
	free(c);
}

void checksum_restart(struct checksum *c)
{
	worked(EVP_DigestInit_ex(c->context, EVP_sha256(), NULL));
}

void checksum_add(struct checksum *c, const void *data, size_t size)
{
	worked(EVP_DigestUpdate(c->context, data, size));
}

void checksum_value(const struct checksum *c, uint8_t ret[CHECKSUM_SIZE])
{
	worked(EVP_MD_CTX_copy_ex(c->copy, c->context));
	worked(EVP_DigestFinal_ex(c->copy, ret, NULL));
}

char *checksum_text(const uint8_t value[CHECKSUM_SIZE], char ret[CHECKSUM_TEXT])
{
	for (size_t i = 0; i < CHECKSUM_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", value[i]);
	return ret;
}
