/* scheme.c - see scheme.h. Children find the choice and the folder in the environment. */
#include "conform/scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct scheme schemes[] = {
	{ "tcp", "tcp://127.0.0.1:0", NULL, false },
	{ "tcp6", "tcp://[::1]:0", NULL, false },
	{ "local", "local:%s/door", NULL, false },
};

static const struct scheme *chosen;
static char folder[64];

bool scheme_choose(const char *name)
{
	const char *old = getenv("CONFORM_FOLDER");

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcmp(schemes[i].name, name) == 0)
			chosen = &schemes[i];
	if (!chosen)
		return false;
	snprintf(folder, sizeof folder, "%s", old ? old : "/tmp/leno-conform-XXXXXX");
	if (!old && !mkdtemp(folder))
		return false;
	setenv("CONFORM_FOLDER", folder, 1);
	setenv("CONFORM_SCHEME", name, 1);
	return true;
}

const struct scheme *scheme(void)
{
	return chosen;
}

const char *scheme_listen(void)
{
	static char uri[128];

	if (!strstr(chosen->listen, "%s"))
		return chosen->listen;
	snprintf(uri, sizeof uri, "local:%s/door", folder);
	return uri;
}

const char *scheme_dial(const char *uri)
{
	static char changed[320];

	if (!chosen->dial)
		return uri;
	snprintf(changed, sizeof changed, "%s%s", chosen->dial, strchr(uri, ':'));
	return changed;
}

void scheme_options(leno_options *o)
{
	if (!chosen)
		scheme_choose(getenv("CONFORM_SCHEME"));
	o->heartbeat_ms = 300;
}

void scheme_end(void)
{
	char door[96];

	snprintf(door, sizeof door, "%s/door", folder);
	unlink(door);
	rmdir(folder);
}
