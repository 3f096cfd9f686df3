/* avahi_lib.h - the functions of libavahi-core that are used, found when the first node
 * asks for mDNS: who never does, neither needs nor loads that library. */
#ifndef LENO_DRIVER_UV_AVAHI_LIB_H
#define LENO_DRIVER_UV_AVAHI_LIB_H

#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>

#define AVAHI_FUNCTIONS(f)          \
	f(avahi_set_log_function)   \
	f(avahi_strdup)             \
	f(avahi_free)               \
	f(avahi_string_list_add)    \
	f(avahi_string_list_free)   \
	f(avahi_server_config_init) \
	f(avahi_server_config_free) \
	f(avahi_server_new)         \
	f(avahi_server_free)        \
	f(avahi_s_entry_group_new)  \
	f(avahi_s_entry_group_free) \
	f(avahi_s_entry_group_commit)        \
	f(avahi_server_add_service_strlst)   \
	f(avahi_server_add_service_subtype)  \
	f(avahi_server_add_address)          \
	f(avahi_s_service_browser_new)       \
	f(avahi_s_service_browser_free)      \
	f(avahi_s_service_resolver_new)      \
	f(avahi_s_service_resolver_free)

struct avahi_lib {
#define AVAHI_POINTER(name) __typeof__(&name) name;
	AVAHI_FUNCTIONS(AVAHI_POINTER)
#undef AVAHI_POINTER
};

/* NULL when it is not installed. From any thread. */
const struct avahi_lib *avahi_lib(void);

#endif
