/* origin.c - see origin.h. */
#include "driver/uv/origin.h"

#include "transport/http_head.h"

static bool is_address(struct bytes name)
{
	if (name.size > 0 && name.data[0] == '[')
		return true;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] != '.' && (name.data[i] < '0' || name.data[i] > '9'))
			return false;
	return name.size > 0;
}

/* A Host field less its port. */
static struct bytes name_of(struct bytes host)
{
	size_t n = host.size;

	while (n > 0 && host.data[n - 1] >= '0' && host.data[n - 1] <= '9')
		n--;
	return n > 0 && host.data[n - 1] == ':' ? bytes_of(host.data, n - 1) : host;
}

static bool ends_with(struct bytes name, const char *end)
{
	size_t n = strlen(end);

	return name.size >= n && http_same(bytes_of(name.data + name.size - n, n), end);
}

static bool is_this_machine(struct bytes name, const char *machine)
{
	if (is_address(name) || http_same(name, "localhost"))
		return true;
	if (!*machine)
		return false;
	if (http_same(name, machine))
		return true;
	return ends_with(name, ".local") &&
	       http_same(bytes_of(name.data, name.size - strlen(".local")), machine);
}

bool origin_is_own(struct bytes origin, struct bytes host, const char *machine)
{
	static const char *const schemes[] = { "http://", "https://" };

	if (!origin.data || !host.data || host.size == 0)
		return false;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t n = strlen(schemes[i]);

		if (origin.size == n + host.size && http_same(bytes_of(origin.data, n), schemes[i]) &&
		    memcmp(origin.data + n, host.data, host.size) == 0)
			return is_this_machine(name_of(host), machine);
	}
	return false;
}
