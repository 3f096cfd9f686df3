/* test_beneath.c - which names lead below a folder, and that no link leads out of it. */
#include "support/check.h"

#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(names_that_lead_below_the_folder_and_others)
{
	static const struct {
		const char *why, *path;
		bool good;
	} rows[] = {
		{ "a name", "a", true },
		{ "a path", "a/b/c", true },
		{ "dots in a name", "..a/b..", true },
		{ "blanks and all of UTF-8", "a b/\xc3\xbc \xe2\x9c\x93", true },
		{ "hidden", ".profile", true },
		{ "what looks like a part's end alone", "x.leno-part", true },
		{ "nothing", "", false },
		{ "absolute", "/etc/passwd", false },
		{ "the folder above", "..", false },
		{ "by way of it", "a/../../b", false },
		{ "at its end", "a/..", false },
		{ "itself", ".", false },
		{ "twice the same file", "a/./b", false },
		{ "an empty word", "a//b", false },
		{ "a folder", "a/", false },
		{ "another file's part", "a/.b.leno-part", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_ROW(rows[i].why);
		CHECK_EQ(beneath_wrong(rows[i].path, strlen(rows[i].path)) == NULL, rows[i].good);
	}
	CHECK(beneath_wrong("a\0b", 3) != NULL);
}

TEST(names_have_room_for_their_part)
{
	char name[300], part[PART_NAME_MAX];

	memset(name, 'n', sizeof name);
	for (size_t n = 1; n < 260; n++) {
		name[n] = '\0';
		CHECK_EQ(beneath_wrong(name, n) == NULL, n <= 244);
		if (n <= 244) {
			CHECK(part_name(name, part) && strlen(part) <= 255);
			CHECK(beneath_wrong(part, strlen(part)) != NULL);
		}
		name[n] = 'n';
	}
	CHECK(part_name("a b", part));
	CHECK_STR(part, ".a b.leno-part");
}

TEST(a_path_of_a_thousand_bytes_and_one_longer)
{
	char path[BENEATH_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : 'a';
	CHECK(beneath_wrong(path, BENEATH_PATH_MAX - 1) == NULL);
	CHECK(beneath_wrong(path, BENEATH_PATH_MAX) != NULL);
}

TEST(links_are_not_followed)
{
	char root[] = "leno-beneath-XXXXXX";
	const char *leaf;
	int folder, at;

	CHECK(mkdtemp(root) != NULL);
	folder = open(root, O_RDONLY | O_DIRECTORY);
	CHECK(mkdirat(folder, "in", 0700) == 0 && mkdirat(folder, "in/deep", 0700) == 0);
	CHECK(symlinkat("..", folder, "in/out") == 0 && symlinkat("in", folder, "way") == 0);

	at = beneath_open(folder, "in/deep/file", &leaf);
	CHECK(at >= 0);
	CHECK_STR(leaf, "file");
	close(at);
	at = beneath_open(folder, "file", &leaf);
	CHECK(at >= 0);
	CHECK_STR(leaf, "file");
	close(at);
	CHECK(beneath_open(folder, "in/out/file", &leaf) < 0 && errno == ENOTDIR);
	CHECK(beneath_open(folder, "way/file", &leaf) < 0 && errno == ENOTDIR);
	CHECK(beneath_open(folder, "none/file", &leaf) < 0 && errno == ENOENT);

	unlinkat(folder, "in/out", 0);
	unlinkat(folder, "way", 0);
	unlinkat(folder, "in/deep", AT_REMOVEDIR);
	unlinkat(folder, "in", AT_REMOVEDIR);
	close(folder);
	rmdir(root);
}

TEST_MAIN(TEST_CASE(names_that_lead_below_the_folder_and_others),
          TEST_CASE(names_have_room_for_their_part),
          TEST_CASE(a_path_of_a_thousand_bytes_and_one_longer), TEST_CASE(links_are_not_followed))
