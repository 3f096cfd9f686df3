/* Passphrases and the leader's name, as docs/protocol.md has them; native only, as the
 * stretching is (tests/unit/crypto/test_stretch.c says why). */
#include "driver/uv/secret.h"
#include "support/check.h"
#include "support/known.h"

#include <leno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(a_passphrase_becomes_a_secret)
{
	static const char phrase[] = "correct horse battery staple";
	uint8_t secret[SECRET_SIZE], other[SECRET_SIZE];

	known_open("passphrase");
	REQUIRE(secret_stretch("home", phrase, sizeof phrase - 1, secret) == 0);
	KNOWN("secret", bytes_of(secret, sizeof secret));
	REQUIRE(secret_stretch("hone", phrase, sizeof phrase - 1, other) == 0);
	CHECK(memcmp(secret, other, sizeof secret) != 0);
	known_close();
}

TEST(the_name_of_a_leader_tells_the_network)
{
	char tag[SECRET_TAG];

	secret_tag("home", tag);
	CHECK_STR(tag, "a05c0ad62f73492b");
}

TEST(what_is_hexadecimal_comes_back)
{
	uint8_t bytes[SECRET_SIZE], back[SECRET_SIZE];
	char hex[2 * SECRET_SIZE + 1];

	for (int i = 0; i < SECRET_SIZE; i++)
		bytes[i] = (uint8_t)(8 * i + 7);
	secret_to_hex(bytes, hex);
	CHECK(secret_from_hex(hex, back));
	CHECK_BYTES(back, bytes, sizeof back);
	hex[3] = 'g';
	CHECK(!secret_from_hex(hex, back));
	hex[2 * SECRET_SIZE - 1] = '\0';
	CHECK(!secret_from_hex(hex, back));
}

static void write_private(const char *path, const char *text)
{
	FILE *file;

	unlink(path);
	umask(077);
	file = fopen(path, "w");
	CHECK(file && fputs(text, file) >= 0);
	if (file)
		fclose(file);
}

/* Equal where the secret is, whatever surrounds it; another in another network of a passphrase. */
TEST(fingerprints_tell_secrets_apart)
{
	char path[64], a[LENO_FINGERPRINT_TEXT], b[LENO_FINGERPRINT_TEXT] = "untouched";

	snprintf(path, sizeof path, "/tmp/leno-fingerprint-%ld", (long)getpid());
	CHECK_EQ(leno_secret_fingerprint(path, "home", b), LENO_FILE);
	CHECK_STR(b, "untouched");
	CHECK_EQ(leno_secret_fingerprint(NULL, "home", b), LENO_ARGUMENT);
	write_private(path, "correct horse\n");
	CHECK_EQ(leno_secret_fingerprint(path, "home", a), LENO_OK);
	CHECK_EQ(strlen(a), 19);
	write_private(path, "correct horse");
	CHECK_EQ(leno_secret_fingerprint(path, "home", b), LENO_OK);
	CHECK_STR(a, b);
	CHECK_EQ(leno_secret_fingerprint(path, "hone", b), LENO_OK);
	CHECK(strcmp(a, b) != 0);
	write_private(path, "correct hors");
	CHECK_EQ(leno_secret_fingerprint(path, "home", b), LENO_OK);
	CHECK(strcmp(a, b) != 0);
	unlink(path);
}

TEST_MAIN(TEST_CASE(fingerprints_tell_secrets_apart),
          TEST_CASE(a_passphrase_becomes_a_secret),
          TEST_CASE(the_name_of_a_leader_tells_the_network),
          TEST_CASE(what_is_hexadecimal_comes_back))
