/* sealed.c - see sealed.h. */
#include "sealed.h"

enum { SIZE_OF = 4 };

EVP_CIPHER_CTX *sealed_key(bool seals)
{
	static const uint8_t key[32] = "any that both know";
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	need(ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, NULL, seals), "AES");
	return ctx;
}

static void count_up(EVP_CIPHER_CTX *ctx, bool seals)
{
	static uint64_t counters[2];
	uint8_t nonce[12] = { 0 };

	memcpy(nonce, &counters[seals], sizeof counters[seals]);
	counters[seals]++;
	need(EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, seals), "nonce");
}

size_t sealed_fill(char *to, size_t message, size_t room)
{
	static char payload[MESSAGE_MAX];
	const uint32_t n = (uint32_t)message;
	size_t at = 0;

	do {
		memcpy(to + at, &n, sizeof n);
		memcpy(to + at + SIZE_OF, payload, message);
		at += SIZE_OF + message;
	} while (at + SIZE_OF + message <= room);
	return at;
}

size_t sealed_seal(EVP_CIPHER_CTX *ctx, char *record, size_t size)
{
	const uint32_t n = (uint32_t)size;
	uint8_t *plain = (uint8_t *)record + SEALED_HEAD;
	int k;

	memcpy(record, &n, sizeof n);
	count_up(ctx, true);
	need(EVP_EncryptUpdate(ctx, NULL, &k, (uint8_t *)record, SEALED_HEAD) &&
	     EVP_EncryptUpdate(ctx, plain, &k, plain, (int)size) &&
	     EVP_EncryptFinal_ex(ctx, plain + size, &k) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEALED_TAG, plain + size), "seal");
	return SEALED_HEAD + size + SEALED_TAG;
}

size_t sealed_size(const char *record)
{
	uint32_t n;

	memcpy(&n, record, sizeof n);
	need(n <= SEALED_MAX + SIZE_OF, "record");
	return n;
}

void sealed_open(EVP_CIPHER_CTX *ctx, char *record)
{
	const size_t n = sealed_size(record);
	uint8_t *at = (uint8_t *)record + SEALED_HEAD;
	int k;

	count_up(ctx, false);
	need(EVP_DecryptUpdate(ctx, NULL, &k, (uint8_t *)record, SEALED_HEAD) &&
	     EVP_DecryptUpdate(ctx, at, &k, at, (int)n) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEALED_TAG, at + n) &&
	     EVP_DecryptFinal_ex(ctx, at + n, &k) > 0, "open");
}

uint64_t sealed_count(const struct stage *s, const char *record)
{
	const size_t size = sealed_size(record);
	uint64_t count = 0;
	uint32_t n;

	for (size_t at = SEALED_HEAD; at < SEALED_HEAD + size; at += SIZE_OF + n, count++) {
		memcpy(&n, record + at, sizeof n);
		need(n == s->size, "size");
	}
	return count;
}
