/* config.c - the configuration file, by inih. The first thing that is wrong ends the reading:
 * one sentence with file, line and what would be right. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
	struct settings *settings;
	FILE *file;
	char *wrong; /* "" so far */
};

static void wrong(struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void wrong(struct reading *r, const char *format, ...)
{
	va_list args;
	int n;

	if (*r->wrong != '\0')
		return;
	n = snprintf(r->wrong, CONFIG_WRONG, "%.500s:%d: ", r->settings->config,
	             r->settings->line);
	va_start(args, format);
	vsnprintf(r->wrong + n, CONFIG_WRONG - (size_t)n, format, args);
	va_end(args);
}

/* One line, as inih asks for them. What is too long for it would be two lines. */
static char *next_line(char *ret, int size, void *user)
{
	struct reading *r = user;

	if (*r->wrong != '\0' || fgets(ret, size, r->file) == NULL)
		return NULL;
	r->settings->line++;
	if (strchr(ret, '\n') != NULL || feof(r->file))
		return ret;
	wrong(r, "the line is longer than %d bytes", CONFIG_LINE - 3);
	return NULL;
}

static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	int i = settings_find(name);
	const char *what;

	if (*section != '\0') {
		wrong(r, "\"%s\" stands below [%s]: this file has no sections, take that line out",
		      name, section);
		return 0;
	}
	if (i < 0) {
		wrong(r, "\"%s\" is not a setting: `leno up --help` lists them, without the --",
		      name);
		return 0;
	}
	what = settings_from_file(r->settings, (size_t)i, value);
	if (what != NULL)
		wrong(r, "\"%s\" %s", name, what);
	return what == NULL;
}

static void parse(struct reading *r)
{
	static char comments[] = "#;";
	int result;

	ini_allow_multiline = false;
	ini_inline_comment_prefixes = comments;
	ini_use_stack = false;
	ini_max_line = ini_initial_alloc = CONFIG_LINE;
	r->settings->line = 0;
	result = ini_parse_stream(next_line, r, take_line, r);
	if (result > 0) {
		r->settings->line = result;
		wrong(r, "that is not \"option = value\"");
	} else if (result < 0) {
		snprintf(r->wrong, CONFIG_WRONG, "%.500s: there is no memory to read it",
		         r->settings->config);
	}
	r->settings->line = 0;
}

bool config_read(struct settings *s, char ret_wrong[CONFIG_WRONG])
{
	struct reading r = { .settings = s, .wrong = ret_wrong };
	struct stat st;

	*ret_wrong = '\0';
	if (s->config == NULL || (stat(s->config, &st) != 0 && !s->config_named))
		return true;
	if (stat(s->config, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(ret_wrong, CONFIG_WRONG, "%.500s cannot be read: it is no regular file",
		         s->config);
		return false;
	}
	r.file = fopen(s->config, "re");
	if (r.file == NULL) {
		snprintf(ret_wrong, CONFIG_WRONG, "%.500s cannot be read: %s", s->config,
		         strerror(errno));
		return false;
	}
	parse(&r);
	fclose(r.file);
	return *ret_wrong == '\0';
}
