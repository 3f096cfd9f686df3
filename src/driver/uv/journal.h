/* journal.h - files of lines that only grow, which several processes may share.
 *
 *  1. A line is in it once journal_add() has returned 0, whatever happens to the machine then;
 *     of one that was cut short by a power failure nothing is believed.
 *  2. Whoever has it open is alone with it: so what was read is still so when a line is added. */
#ifndef LENO_DRIVER_UV_JOURNAL_H
#define LENO_DRIVER_UV_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

enum { JOURNAL_MAX = 16 << 20, JOURNAL_LINE = 1024 };

struct journal {
	int    fd;
	char  *text;                 /* all of its whole lines, as it was opened      */
	size_t size;
	size_t end;                  /* of what is in the file                        */
};

/* Opens, waits for whoever has it open, and reads it. Made, of mode 0600, when it is missing
 * and `make`; else FILE. *ret_why (static) says why: not ours alone, too long, no journal of
 * this kind (its first line is `head`). MEMORY, FILE. */
int journal_open(const char *path, const char *head, bool make, struct journal *ret,
                 const char **ret_why);

/* The next line after *cursor (0 at first), without its end, in ret (JOURNAL_LINE). */
bool journal_next(const struct journal *, size_t *cursor, char *ret);

/* One more line. FILE. */
int journal_add(struct journal *, const char *line);
void journal_close(struct journal *);

#endif
