/* allow.c - the ids of --allow and --allow-file. In the file a line has an id, and after a blank
 * or a # whatever people want to know of it. */
#include "allow.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOWED_MAX = 4096 };

struct reading {
	const struct settings *set;
	leno_id *ids;
	size_t n;
};

static bool add(struct reading *r, const char *text, const char *where)
{
	if (r->n == ALLOWED_MAX) {
		fail("%s: at most %d nodes can be allowed", where, ALLOWED_MAX);
		return false;
	}
	if (r->ids == NULL)
		r->ids = need(malloc(ALLOWED_MAX * sizeof *r->ids));
	if (leno_id_parse(text, &r->ids[r->n]) == 0) {
		r->n++;
		return true;
	}
	fail("%s%s: \"%s\" is no id; `leno id` prints one, as in "
	     "7efa8a97-6341-8db4-9440-4378cf29d6f3",
	     settings_where(r->set, text), where, text);
	return false;
}

static bool read_file(struct reading *r, const char *path)
{
	char line[256];
	FILE *file = fopen(path, "re");
	bool good = file != NULL;

	if (!good)
		fail("--allow-file %s: %s", path, strerror(errno));
	while (good && fgets(line, sizeof line, file) != NULL) {
		char *word = line + strspn(line, " \t");

		word[strcspn(word, " \t\r\n#")] = '\0';
		good = *word == '\0' || add(r, word, path);
	}
	if (file != NULL)
		fclose(file);
	return good;
}

bool allow_read(const struct settings *set, leno_id **ret, size_t *ret_n)
{
	struct reading r = { .set = set };
	bool good = true;

	for (size_t i = 0; good && i < set->allow.count; i++)
		good = add(&r, set->allow.items[i], "--allow");
	if (good && set->allow_file != NULL)
		good = read_file(&r, set->allow_file);
	if (good && r.n == 0 && set->allow_file != NULL) {
		fail("--allow-file %s names nobody: nobody could ever be let in", set->allow_file);
		good = false;
	}
	if (!good) {
		free(r.ids);
		return false;
	}
	*ret = r.ids;
	*ret_n = r.n;
	return true;
}
