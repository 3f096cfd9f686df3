/* Identities and secrets in files.
 * covers: src/driver/uv/file.c src/driver/uv/idfile.c src/driver/uv/secret.c */
#include "driver/uv/file.h"

#include "base/mem.h"
#include "driver/uv/idfile.h"
#include "driver/uv/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <leno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"

static char folder[] = "leno-test-XXXXXX";
static char path[64];

static void enter(void)
{
	strcpy(folder, "leno-test-XXXXXX");
	if (chdir("/tmp") < 0 || !mkdtemp(folder))
		abort();
	snprintf(path, sizeof path, "%s/it", folder);
}

static void leave(void)
{
	unlink(path);
	CHECK_EQ(rmdir(folder), 0); /* nothing was left lying about */
}

static void write_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) < 0 ? 0 : st.st_mode & 0777;
}

/* In place of the system's: as on a file system without hard links. */
static int link_fails_with;

int link(const char *from, const char *to)
{
	if (link_fails_with == 0)
		return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
	errno = link_fails_with;
	return -1;
}

TEST(a_private_file_is_made_without_hard_links_too)
{
	const char *why;
	char text[16];

	enter();
	for (unsigned i = 0; i < 2; i++) {
		link_fails_with = i ? EOPNOTSUPP : EPERM;
		CHECK_EQ(file_create_private(path, "one"), 0);
		CHECK_EQ(mode_of(path), 0600);
		CHECK_EQ(file_create_private(path, "two"), LENO_EXISTS);
		CHECK_EQ(file_read_private(path, text, sizeof text, &why), 0);
		CHECK_STR(text, "one");
		unlink(path);
	}
	link_fails_with = EIO;
	CHECK_EQ(file_create_private(path, "one"), LENO_FILE);
	CHECK_EQ(mode_of(path), 0);
	link_fails_with = 0;
	leave();
}

TEST(a_private_file_is_never_replaced)
{
	const char *why;
	char text[16];

	enter();
	CHECK_EQ(file_create_private(path, "one"), 0);
	CHECK_EQ(mode_of(path), 0600);
	CHECK_EQ(file_create_private(path, "two"), LENO_EXISTS);
	CHECK_EQ(file_read_private(path, text, sizeof text, &why), 0);
	CHECK_STR(text, "one");
	CHECK_EQ(file_create_private("/no/such/folder/it", "one"), LENO_FILE);
	leave();
}

TEST(a_file_that_others_may_read_is_refused)
{
	const char *why = NULL;
	char text[16];

	enter();
	write_file("one", 0640);
	CHECK_EQ(file_read_private(path, text, sizeof text, &why), LENO_FILE);
	CHECK(why && strstr(why, "chmod"));
	write_file("one", 0604);
	CHECK_EQ(file_read_private(path, text, sizeof text, &why), LENO_FILE);
	write_file("one", 0600);
	CHECK_EQ(file_read_private(path, text, 3, &why), LENO_FILE);
	CHECK_EQ(file_read_private(path, text, 4, &why), 0);
	CHECK_EQ(file_read_private(folder, text, sizeof text, &why), LENO_FILE);
	leave();
}

TEST(a_text_is_read_whole_and_no_larger_one)
{
	const char *why = NULL;
	char *text = NULL;

	enter();
	write_file("one", 0644);
	CHECK_EQ(file_read_text(path, true, 100, &text, &why), LENO_FILE);
	CHECK(why && strstr(why, "chmod") && !text);
	CHECK_EQ(file_read_text(path, false, 3, &text, &why), LENO_FILE);
	CHECK(!text);
	CHECK_EQ(file_read_text(path, false, 4, &text, &why), 0);
	CHECK_STR(text, "one");
	text = mem_free(text);
	CHECK_EQ(file_read_text(folder, false, 100, &text, &why), LENO_FILE);
	CHECK_EQ(file_read_text("/no/such/file", false, 100, &text, &why), LENO_FILE);
	CHECK_STR(why, "there is no such file");
	leave();
}

TEST(each_life_has_a_later_incarnation)
{
	struct idfile first, second, third;
	const char *why;
	int lock;

	enter();
	CHECK_EQ(idfile_begin(path, 5000, &first, &lock, &why), 0);
	CHECK_EQ(mode_of(path), 0600);
	CHECK_EQ(first.incarnation, 5000);
	close(lock);
	/* The clock went back. */
	CHECK_EQ(idfile_begin(path, 3000, &second, &lock, &why), 0);
	CHECK_EQ(second.incarnation, 5001);
	CHECK_BYTES(first.seed, second.seed, sizeof first.seed);
	close(lock);
	CHECK_EQ(idfile_begin(path, 9000, &third, &lock, &why), 0);
	CHECK_EQ(third.incarnation, 9000);
	close(lock);
	CHECK_EQ(idfile_read(path, &second, &why), 0);
	CHECK_EQ(second.incarnation, 9000);
	leave();
}

TEST(one_life_at_a_time)
{
	struct idfile id;
	const char *why;
	int lock, other = -1;

	enter();
	CHECK_EQ(idfile_begin(path, 5000, &id, &lock, &why), 0);
	CHECK_EQ(idfile_begin(path, 5000, &id, &other, &why), LENO_EXISTS);
	CHECK_EQ(other, -1);
	CHECK_EQ(idfile_read(path, &id, &why), 0); /* looking is allowed */
	close(lock);
	CHECK_EQ(idfile_begin(path, 5000, &id, &other, &why), 0);
	close(other);
	leave();
}

TEST(a_damaged_identity_is_refused_as_it_is)
{
	static const char good[] =
		"leno identity 1\nseed "
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		"\nincarnation 00000000000000000007\n";
	struct idfile id;
	const char *why;
	char text[256];
	int lock;

	enter();
	write_file(good, 0600);
	CHECK_EQ(idfile_read(path, &id, &why), 0);
	CHECK_EQ(id.seed[31], 0x1f);
	CHECK_EQ(id.incarnation, 7);
	for (size_t i = 0; i < sizeof good - 1; i++) {
		snprintf(text, sizeof text, "character %zu", i);
		CHECK_ROW(text);
		strcpy(text + 32, good);
		text[32 + i] = '!';
		write_file(text + 32, 0600);
		CHECK_EQ(idfile_read(path, &id, &why), LENO_FILE);
	}
	CHECK_ROW(NULL);
	write_file("", 0600);
	CHECK_EQ(idfile_begin(path, 1, &id, &lock, &why), LENO_FILE);
	write_file(good, 0644);
	CHECK_EQ(idfile_begin(path, 1, &id, &lock, &why), LENO_FILE);
	leave();
}

static const struct row {
	const char *why, *text;
	int verdict;
} secrets[] = {
	{ "a passphrase", "correct horse battery staple\n", 0 },
	{ "without a line end", "correct horse", 0 },
	{ "with another system's line end", "correct horse\r\n", 0 },
	{ "empty", "", LENO_FILE },
	{ "an empty line", "\n", LENO_FILE },
	{ "two lines", "one\ntwo\n", LENO_FILE },
	{ "a secret cut short", "leno secret 1 00ff\n", LENO_FILE },
	{ "a secret of a later version", "leno secret 2 00\n", LENO_FILE },
	{ "a secret with a wrong digit",
	  "leno secret 1 g0000000000000000000000000000000000000000000000000000000000000000\n",
	  LENO_FILE },
};

TEST(what_may_stand_in_a_secret_file)
{
	uint8_t secret[SECRET_SIZE];
	const char *why;

	enter();
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		CHECK_ROW(secrets[i].why);
		write_file(secrets[i].text, 0600);
		CHECK_EQ(secret_load(path, "net", secret, &why), secrets[i].verdict);
	}
	leave();
}

TEST(a_made_secret_is_used_as_it_is)
{
	uint8_t here[SECRET_SIZE], there[SECRET_SIZE];
	const char *why;
	char text[128];

	enter();
	CHECK_EQ(leno_secret_create(path), 0);
	CHECK_EQ(mode_of(path), 0600);
	CHECK_EQ(leno_secret_create(path), LENO_EXISTS);
	CHECK_EQ(leno_secret_create(NULL), LENO_ARGUMENT);
	CHECK_EQ(file_read_private(path, text, sizeof text, &why), 0);
	CHECK_EQ(strlen(text), strlen("leno secret 1 ") + 64 + 1);
	CHECK_EQ(secret_load(path, "here", here, &why), 0);
	CHECK_EQ(secret_load(path, "there", there, &why), 0);
	CHECK_BYTES(here, there, SECRET_SIZE);
	leave();
}

TEST(a_passphrase_is_salted_by_the_network)
{
	uint8_t here[SECRET_SIZE], again[SECRET_SIZE], there[SECRET_SIZE];

	CHECK_EQ(secret_stretch("here", "tea", 3, here), 0);
	CHECK_EQ(secret_stretch("here", "tea", 3, again), 0);
	CHECK_EQ(secret_stretch("there", "tea", 3, there), 0);
	CHECK_BYTES(here, again, SECRET_SIZE);
	CHECK(memcmp(here, there, SECRET_SIZE) != 0);
}

static void be_silent(void *user, enum leno_log_level level, const char *line)
{
}

TEST(the_id_of_a_file_is_that_of_its_node)
{
	leno_options options = { .network = "idfile-test" };
	leno_id made, told;
	leno_node *node = NULL, *other = NULL;

	enter();
	CHECK_EQ(leno_identity_create(path, &made), 0);
	CHECK_EQ(leno_identity_create(path, &told), LENO_EXISTS);
	CHECK_EQ(leno_identity_read(path, &told), 0);
	CHECK(leno_id_same(&made, &told));
	options.identity_file = path;
	options.log = be_silent;
	CHECK_EQ(leno_open(&node, &options, NULL, NULL), 0);
	CHECK(node && leno_id_same(&made, leno_self(node)));
	CHECK_EQ(leno_open(&other, &options, NULL, NULL), LENO_EXISTS);
	CHECK(!other);
	leno_close(node);
	CHECK_EQ(leno_open(&node, &options, NULL, NULL), 0);
	leno_close(node);
	leave();
	CHECK_EQ(leno_identity_read(path, &told), LENO_FILE);
}

TEST_MAIN(TEST_CASE(a_private_file_is_made_without_hard_links_too),
          TEST_CASE(a_private_file_is_never_replaced),
          TEST_CASE(a_file_that_others_may_read_is_refused),
          TEST_CASE(a_text_is_read_whole_and_no_larger_one),
          TEST_CASE(each_life_has_a_later_incarnation), TEST_CASE(one_life_at_a_time),
          TEST_CASE(a_damaged_identity_is_refused_as_it_is),
          TEST_CASE(what_may_stand_in_a_secret_file), TEST_CASE(a_made_secret_is_used_as_it_is),
          TEST_CASE(a_passphrase_is_salted_by_the_network),
          TEST_CASE(the_id_of_a_file_is_that_of_its_node))
