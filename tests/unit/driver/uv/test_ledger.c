/* The ledger beside a network's key: what is counted is counted for good, and a line that was
 * cut short never was.
 * covers: src/driver/uv/journal.c src/driver/uv/netkey.c src/driver/uv/papers.c */
#include "driver/uv/journal.h"
#include "driver/uv/netkey.h"

#include <leno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"

static char folder[] = "leno-test-XXXXXX";
static char path[64], revoked_path[80];

static void enter(void)
{
	strcpy(folder, "leno-test-XXXXXX");
	if (chdir("/tmp") < 0 || !mkdtemp(folder))
		abort();
	snprintf(path, sizeof path, "%s/it", folder);
	snprintf(revoked_path, sizeof revoked_path, "%s/revoked", folder);
}

static void leave(void)
{
	unlink(path);
	unlink(revoked_path);
	CHECK_EQ(rmdir(folder), 0); /* nothing was left lying about */
}

static int issue(uint8_t token, uint32_t uses, uint8_t id, uint8_t certificate, uint8_t *ret)
{
	const uint8_t tokens[16] = { token };
	const leno_id who = { { id, 9 } };
	uint8_t got[LENO_CERTIFICATE_MAX];
	size_t size = 0;
	int error = ledger_issue(path, tokens, uses, &who, (leno_bytes){ &certificate, 1 }, got,
	                         &size);

	if (!error)
		CHECK_EQ(size, 1);
	*ret = error ? 0 : got[0];
	return error;
}

TEST(each_use_is_counted_once)
{
	uint8_t got;

	enter();
	CHECK_EQ(issue(1, 2, 10, 100, &got), 0);
	CHECK_EQ(got, 100);
	CHECK_EQ(issue(1, 2, 10, 101, &got), 0); /* again: what it was given before */
	CHECK_EQ(got, 100);
	CHECK_EQ(issue(1, 2, 11, 102, &got), 0);
	CHECK_EQ(issue(1, 2, 12, 103, &got), LENO_LIMIT);
	CHECK_EQ(issue(2, 1, 12, 104, &got), 0);
	leave();
}

/* As after a power failure in the midst of a write. */
TEST(a_line_that_was_cut_short_never_was)
{
	struct stat st;
	uint8_t got;

	enter();
	CHECK_EQ(issue(1, 2, 10, 100, &got), 0);
	CHECK_EQ(issue(1, 2, 11, 101, &got), 0);
	stat(path, &st);
	CHECK_EQ(truncate(path, st.st_size - 3), 0);
	CHECK_EQ(issue(1, 2, 12, 102, &got), 0);
	CHECK_EQ(issue(1, 2, 11, 103, &got), LENO_LIMIT);
	CHECK_EQ(issue(1, 2, 10, 104, &got), 0);
	CHECK_EQ(got, 100);
	CHECK_EQ(st.st_mode & 0777, 0600);
	leave();
}

static leno_bytes revocation_of(uint8_t *buf, uint8_t id)
{
	memset(buf, 7, 89);
	buf[0] = 1;
	memset(buf + 1, 0, 16);
	buf[1] = id;
	buf[2] = 9;
	return (leno_bytes){ buf, 89 };
}

TEST(who_came_by_the_token_of_an_outcast_is_not_let_in)
{
	uint8_t got, buf[89];
	leno_bytes all;
	const char *why;

	enter();
	CHECK_EQ(issue(1, 5, 10, 100, &got), 0);
	CHECK_EQ(revocations_keep(path, LEDGER_HEAD, revocation_of(buf, 10)), 0);
	CHECK_EQ(revocations_keep(path, LEDGER_HEAD, revocation_of(buf, 10)), 0);
	CHECK_EQ(issue(1, 5, 11, 101, &got), LENO_REVOKED);
	CHECK_EQ(issue(2, 5, 11, 101, &got), 0);
	CHECK_EQ(revocations_load(path, LEDGER_HEAD, &all, &why), 0);
	CHECK_EQ(all.size, 89);
	CHECK_BYTES(all.data, buf, 89);
	free((void *)(uintptr_t)all.data);
	leave();
}

TEST(what_is_no_ledger_is_left_alone)
{
	struct journal j;
	const char *why = "";
	uint8_t got;
	FILE *f;

	enter();
	CHECK_EQ(journal_open(revoked_path, REVOKED_HEAD, false, &j, &why), LENO_FILE);
	f = fopen(path, "w");
	fputs("something else\n", f);
	fclose(f);
	chmod(path, 0600);
	CHECK_EQ(issue(1, 1, 1, 1, &got), LENO_FILE);
	chmod(path, 0644);
	CHECK_EQ(journal_open(path, LEDGER_HEAD, false, &j, &why), LENO_FILE);
	CHECK_STR(why, "others may read it: chmod 600 it first");
	leave();
}

static void take(void *arg, const leno_invitation *what)
{
	leno_invitation *ret = arg;

	*ret = *what;
	CHECK_STR(what->network, "home net");
	CHECK_STR(what->name, "lab");
	CHECK_EQ(what->n_addresses, 1);
	CHECK_STR(what->addresses[0], "tcp://a:1");
}

TEST(a_key_file_invites_and_is_not_replaced)
{
	static const char *const addresses[] = { "tcp://a:1" };
	leno_invitation what = { .name = "lab", .uses = 3, .expires_ms = 77, .n_addresses = 1,
		                 .addresses = addresses, .role = LENO_OBSERVER }, got = { 0 };
	char text[LENO_INVITATION_TEXT], again[LENO_INVITATION_TEXT];

	enter();
	CHECK_EQ(leno_network_create(path, "home net"), 0);
	CHECK_EQ(leno_network_create(path, "home net"), LENO_EXISTS);
	CHECK_EQ(leno_network_create(revoked_path, ""), LENO_ARGUMENT);
	CHECK_EQ(leno_network_create(revoked_path, "a\nb"), LENO_ARGUMENT);
	CHECK_EQ(leno_invite(path, &what, text), 0);
	CHECK_EQ(leno_invitation_read(text, take, &got), 0);
	CHECK(got.uses == 3 && got.expires_ms == 77 && got.role == LENO_OBSERVER);
	CHECK_EQ(leno_invite(path, &what, again), 0);
	CHECK(strcmp(text, again) != 0); /* another token */
	text[40] = text[40] == 'A' ? 'B' : 'A';
	CHECK_EQ(leno_invitation_read(text, take, &got), LENO_ARGUMENT);
	what.role = LENO_VISITOR;
	CHECK_EQ(leno_invite(path, &what, text), LENO_ARGUMENT);
	CHECK_EQ(leno_invite(revoked_path, &what, text), LENO_FILE);
	leave();
}

TEST_MAIN(TEST_CASE(each_use_is_counted_once), TEST_CASE(a_line_that_was_cut_short_never_was),
          TEST_CASE(who_came_by_the_token_of_an_outcast_is_not_let_in),
          TEST_CASE(what_is_no_ledger_is_left_alone),
          TEST_CASE(a_key_file_invites_and_is_not_replaced))
