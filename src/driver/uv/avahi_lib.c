/* avahi_lib.c - opened once, kept until the process ends. */
#include "driver/uv/avahi_lib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define AVAHI_SONAME "libavahi-core.so.7"

static struct avahi_lib lib;
static bool loaded;

static void silence(AvahiLogLevel level, const char *text)
{
}

static void load(void)
{
	void *handle = dlopen(AVAHI_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE), *at;

	if (!handle)
		return;
#define AVAHI_FIND(name)           \
	at = dlsym(handle, #name); \
	if (!at)                   \
		return;            \
	memcpy(&lib.name, &at, sizeof lib.name);
	AVAHI_FUNCTIONS(AVAHI_FIND)
#undef AVAHI_FIND
	/* It would write to standard error. */
	lib.avahi_set_log_function(silence);
	loaded = true;
}

const struct avahi_lib *avahi_lib(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded ? &lib : NULL;
}
