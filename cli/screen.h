/* screen.h - the whole terminal, for a command that draws it again and again. What was on it
 * comes back however the command ends, SIGKILL aside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum key {
	KEY_OTHER,
	KEY_QUIT,
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_FIRST,
	KEY_LAST
};

/* After signals_catch(). Standard output must be a terminal. */
void screen_open(void);
void screen_close(void); /* again is harmless */

/* Standard input, when it is a terminal; else -1: no keys come. */
int screen_keys(void);

/* What these bytes begin with; returns how many it takes, 0 when more must come. */
size_t screen_key(const char *bytes, size_t n, enum key *ret);

/* Does what signals asked for since: stops when told to stop. True when all must be drawn
 * again: the size is another, or the screen was lost in between. */
bool screen_turn(void);

void screen_size(unsigned *ret_columns, unsigned *ret_rows);

/* One frame: from the top, line by line, and its end. Lines are cut to the width; sgr: "" or a
 * style. Only whole frames are drawn: false when the last one is still on its way. */
bool screen_begin(void);
void screen_line(const char *sgr, const char *text);
void screen_end(void);
