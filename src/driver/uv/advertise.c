/* advertise.c - tells the engine where this process can be dialled: when its doors change, and
 * when the machine's interfaces have, which is looked at now and then in a turn that happens
 * anyway. Who has no doors tells only where it is, a while after it was opened: asking the
 * system takes as long as two Diffie-Hellman operations, for which the first link need not wait. */
#include "driver/uv/dialable.h"
#include "driver/uv/interfaces.h"
#include "driver/uv/uv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ADVERTISE_MS = 10 * 1000 };       /* between two looks at the interfaces */

/* What all processes share that can reach each other's loopback, until the machine starts anew:
 * its boot, and the network namespace. Empty where the system does not tell. */
static size_t machine_of(char *ret, size_t capacity)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, ret, capacity) : -1;
	struct stat st;
	int size;

	if (fd >= 0)
		close(fd);
	if (got <= 0 || (size_t)got >= capacity || stat("/proc/self/ns/net", &st) < 0)
		return 0;
	size = snprintf(ret + got, capacity - (size_t)got, "/%llu/%llu", (unsigned long long)st.st_dev,
	                (unsigned long long)st.st_ino);
	return size > 0 && (size_t)(got + size) < capacity ? (size_t)(got + size) : 0;
}

/* Asking the kernel takes as long as half a handshake. */
static bool wildcard_among(const struct list *listeners)
{
	list_each (it, after, listeners)
		if (dialable_wildcard(list_item(it, struct listener, in)->uri))
			return true;
	return false;
}

static size_t interfaces_now(struct sockaddr_storage ret[INTERFACES_MAX])
{
	struct interface_address own[INTERFACES_MAX];
	size_t n = interfaces_list(own);

	for (size_t i = 0; i < n; i++)
		ret[i] = own[i].at;
	return n;
}

static void collect_doors(struct driver *d, struct dialable *ret)
{
	struct sockaddr_storage interfaces[INTERFACES_MAX];
	size_t n = wildcard_among(&d->listeners) ? interfaces_now(interfaces) : 0;

	*ret = (struct dialable){ 0 };
	for (int rank = 0; rank < DIALABLE_RANKS; rank++)
		list_each (it, after, &d->listeners) {
			const struct listener *l = list_item(it, struct listener, in);

			if (!l->hidden && l->kind >= ADDRESS_TCP)
				dialable_add(ret, (enum dialable_rank)rank, l->uri, l->both, interfaces, n);
		}
}

static void tell_doors(struct driver *d)
{
	leno_door doors[DIALABLE_MAX];
	struct dialable found;
	char machine[128];

	d->doors_due_ms = list_empty(&d->listeners) ? NEVER_MS : uv_now(&d->loop) + ADVERTISE_MS;
	collect_doors(d, &found);
	for (size_t i = 0; i < found.n; i++)
		doors[i] = (leno_door){ .uri = found.at[i].uri, .reach = found.at[i].reach };
	leno_engine_advertise(d->node, doors, found.n,
	                      (leno_bytes){ machine, machine_of(machine, sizeof machine) });
}

bool advertise_turn(struct driver *d)
{
	if (d->closing || uv_now(&d->loop) < d->doors_due_ms)
		return false;
	tell_doors(d);
	return true;
}
