/* scheme.h - the transports that the suite is run on, by name. */
#pragma once

#include <leno.h>
#include <stdbool.h>
#include <stddef.h>

struct scheme {
	const char *name;
	const char *listen;             /* %s: a folder of this test's own               */
	const char *dial;               /* its scheme, where it is another one           */
	bool datagrams;
	bool resumes;                   /* its pipe goes on by another connection        */
};

/* Takes the one of this name, makes what it needs. False: there is none. */
bool scheme_choose(const char *name);
const struct scheme *scheme(void);

/* Where to listen, and where to dial who listens at `uri`. Static. */
const char *scheme_listen(void);
const char *scheme_dial(const char *uri);

/* What each node of the suite is opened with. */
void scheme_options(leno_options *);

/* Removes what was made. */
void scheme_end(void);
