/* Pages from files: what a path may say, and that none leads out of the folder. */
#include "driver/uv/folder.h"

#include "support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[256];

static void make(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", root, name);
	f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void make_folder(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", root, name);
	mkdir(path, 0700);
}

static void link_to(const char *name, const char *target)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", root, name);
	if (symlink(target, path) < 0)
		fprintf(stderr, "symlink: %s\n", strerror(errno));
}

/* root/outside, and in root/www all that may be served, and some that may not. */
static int folder(void)
{
	const char *base = getenv("TMPDIR");
	char www[512];

	snprintf(root, sizeof root, "%s/leno-folder.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(root))
		return -1;
	make("outside", "secret");
	make_folder("www");
	make_folder("www/sub");
	make_folder("www/sub/.git");
	make_folder("www/empty");
	make("www/index.html", "<p>home");
	make("www/page.JS", "js");
	make("www/sub/index.html", "sub");
	make("www/sub/a b.txt", "spaced");
	make("www/sub/.git/config", "hidden");
	make("www/.hidden", "hidden");
	make("www/nothing.css", "");
	link_to("www/out", "../outside");
	link_to("www/up", "..");
	link_to("www/in", "page.JS");
	link_to("www/subs", "sub");
	snprintf(www, sizeof www, "%s/www/pipe", root);
	if (mkfifo(www, 0600) < 0)
		return -1;
	snprintf(www, sizeof www, "%s/www", root);
	return folder_open(www);
}

static void clear(int fd)
{
	char command[300];

	close(fd);
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	if (system(command) != 0)
		fprintf(stderr, "cannot clear %s\n", root);
}

static const struct {
	const char *path, *text, *type;    /* text NULL: there is no such page */
} pages[] = {
	{ "/", "<p>home", "text/html; charset=utf-8" },
	{ "/index.html", "<p>home", "text/html; charset=utf-8" },
	{ "//index.html", "<p>home", "text/html; charset=utf-8" },
	{ "index.html", "<p>home", "text/html; charset=utf-8" },
	{ "/page.JS", "js", "text/javascript; charset=utf-8" },
	{ "/sub/", "sub", "text/html; charset=utf-8" },
	{ "/sub/a b.txt", "spaced", "text/plain; charset=utf-8" },
	{ "/nothing.css", "", "text/css; charset=utf-8" },
	{ "/sub", NULL, NULL },
	{ "/empty/", NULL, NULL },
	{ "/none", NULL, NULL },
	{ "/none/", NULL, NULL },
	{ "/page.JS/", NULL, NULL },
	{ "/page.JS/x", NULL, NULL },
	{ "/.hidden", NULL, NULL },
	{ "/sub/.git/config", NULL, NULL },
	{ "/../outside", NULL, NULL },
	{ "/sub/../../outside", NULL, NULL },
	{ "/..", NULL, NULL },
	{ "..", NULL, NULL },
	{ "/./page.JS", NULL, NULL },
	{ "/out", NULL, NULL },
	{ "/in", NULL, NULL },
	{ "/up/outside", NULL, NULL },
	{ "/subs/index.html", NULL, NULL },
	{ "/pipe", NULL, NULL },
	{ "/..\\outside", NULL, NULL },
};

TEST(a_path_leads_to_files_of_the_folder_alone)
{
	int fd = folder();

	REQUIRE(fd >= 0);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		struct http_answer a = { 0 };
		char text[64] = "";

		CHECK_ROW(pages[i].path);
		folder_page(fd, pages[i].path, &a);
		CHECK_EQ(a.status, pages[i].text ? 200 : 0);
		if (!a.body)
			continue;
		CHECK_EQ(a.size, pages[i].text ? strlen(pages[i].text) : 0);
		if (a.size > 0)
			CHECK_EQ(a.body->read(a.body, (uint8_t *)text, a.size), a.size);
		CHECK_STR(text, pages[i].text);
		CHECK_STR(a.type, pages[i].type);
		CHECK_EQ(a.body->read(a.body, (uint8_t *)text, 1), 0);
		a.body->free(a.body);
	}
	clear(fd);
}

TEST(what_a_percent_means)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "/a%20b", "/a b" },   { "/%2e%2E/x", "/../x" }, { "/%2Fx", "//x" },
		{ "/100%25", "/100%" }, { "/%", NULL },           { "/%4", NULL },
		{ "/%4g", NULL },       { "/a%00b", NULL },       { "/%252e", "/%2e" },
		{ "", "" },             { "/%c3%a9", "/\xc3\xa9" },
	};
	char text[FOLDER_PATH_MAX], longest[FOLDER_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ROW(rows[i].path);
		CHECK_EQ(folder_decode(bytes_text(rows[i].path), text), rows[i].text != NULL);
		if (rows[i].text)
			CHECK_STR(text, rows[i].text);
	}
	memset(longest, 'a', sizeof longest);
	CHECK(folder_decode(bytes_of(longest, FOLDER_PATH_MAX - 1), text));
	CHECK(!folder_decode(bytes_of(longest, FOLDER_PATH_MAX), text));
}

TEST(no_folder)
{
	CHECK_EQ(folder_open("/dev/null"), -1);
	CHECK_EQ(folder_open("/nowhere/at/all"), -1);
}

TEST_MAIN(TEST_CASE(a_path_leads_to_files_of_the_folder_alone), TEST_CASE(what_a_percent_means),
          TEST_CASE(no_folder))
