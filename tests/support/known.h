/* known.h - the vectors of docs/protocol.md: tests/vectors/FILE.txt, lines of a name and
 * its bytes in hexadecimal; a line that begins with a space goes on with the one before,
 * and one that begins with # is for people.
 *
 *	known_open("link");
 *	KNOWN("hello", bytes);      the file must say these very bytes
 *	known_close();              and nothing else
 *
 * What differs is printed as the line should be, to be looked at before it is believed:
 * with these bytes changes what crosses the wire. Functions are static, as in check.h. */
#pragma once

#include <stdlib.h>

#include "base/bytes.h"
#include "support/check.h"

enum { KNOWN_MAX = 64 * 1024, KNOWN_LINES = 256, KNOWN_WIDTH = 32 };

static struct {
	char text[KNOWN_MAX];
	struct known_line {
		char *name, *digits;     /* digits: all lines of it, without spaces */
		bool asked;
	} lines[KNOWN_LINES];
	size_t n_lines;
	const char *file;
} known;

/* Cuts the text into names and digits, where it lies. */
__attribute__((unused)) static void known_cut(void)
{
	char *to = NULL;

	for (char *line = known.text, *next; *line; line = next) {
		size_t size = strcspn(line, "\n");
		char *at = line;

		next = line + size + (line[size] == '\n');
		line[size] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (*line != ' ' && known.n_lines < KNOWN_LINES) {
			struct known_line *l = &known.lines[known.n_lines++];

			at = line + strcspn(line, " ");
			to = *at ? at + 1 : at;
			*l = (struct known_line){.name = line, .digits = to};
			*at = '\0';
			at = to;
		}
		for (; to && *at; at++)
			if (*at != ' ')
				*to++ = *at;
		if (to)
			*to = '\0';
	}
}

__attribute__((unused)) static void known_open(const char *file)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof path, "%s/vectors/%s.txt", TESTS_DIR, file);
	memset(&known, 0, sizeof known);
	known.file = file;
	f = fopen(path, "r");
	if (!CHECK(f != NULL))
		return;
	known.text[fread(known.text, 1, KNOWN_MAX - 1, f)] = '\0';
	fclose(f);
	known_cut();
}

__attribute__((unused)) static void known_close(void)
{
	for (size_t i = 0; i < known.n_lines; i++)
		if (!known.lines[i].asked)
			check_failed(__FILE__, __LINE__, "nobody asked for %s of %s.txt",
				     known.lines[i].name, known.file);
}

__attribute__((unused)) static bool known_same(const char *digits, struct bytes b)
{
	if (strlen(digits) != 2 * b.size)
		return false;
	for (size_t i = 0; i < b.size; i++) {
		char pair[3];

		snprintf(pair, sizeof pair, "%02x", (unsigned)b.data[i]);
		if (memcmp(digits + 2 * i, pair, 2) != 0)
			return false;
	}
	return true;
}

__attribute__((unused)) static void known_check(const char *file, int line, const char *name,
						struct bytes b)
{
	const char *digits = "";

	for (size_t i = 0; i < known.n_lines; i++) {
		if (strcmp(known.lines[i].name, name) != 0)
			continue;
		known.lines[i].asked = true;
		digits = known.lines[i].digits;
	}
	if (known_same(digits, b) && known.n_lines > 0)
		return;
	check_failed(file, line, "%s.txt should say, if this is meant:", known.file);
	fprintf(stderr, "%s", name);
	for (size_t i = 0; i < b.size; i++)
		fprintf(stderr, "%s%02x", i == 0 ? " " : i % KNOWN_WIDTH == 0 ? "\n " : "",
			(unsigned)b.data[i]);
	fputc('\n', stderr);
}

#define KNOWN(name, bytes) known_check(__FILE__, __LINE__, name, bytes)
