/* doctor_net.c - multicast, by hearing oneself; and what a firewall lets through, as far as this
 * user may know. */
#include "doctor.h"
#include "output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEAR_MS = 300,
	INTERFACES = 16,            /* tried, at most            */
	RULES_MAX = 512 * 1024      /* bytes of a list of rules  */
};

#define GROUP "224.0.0.251" /* of multicast DNS */

/* ---- multicast ---------------------------------------------------------------- */

static int joined_socket(unsigned interface)
{
	struct ip_mreqn group = { .imr_ifindex = (int)interface };
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, GROUP, &group.imr_multiaddr);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0 &&
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* At a port of our own: nobody else is disturbed. */
static bool hears_itself(unsigned interface)
{
	static const char said[] = "leno doctor";
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t size = sizeof to;
	char heard[sizeof said] = "";
	int fd = joined_socket(interface);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	bool good;

	if (fd < 0)
		return false;
	good = getsockname(fd, (struct sockaddr *)&to, &size) == 0;
	inet_pton(AF_INET, GROUP, &to.sin_addr);
	good = good &&
	       sendto(fd, said, sizeof said, 0, (struct sockaddr *)&to, sizeof to) ==
	               sizeof said &&
	       poll(&wait, 1, HEAR_MS) == 1 &&
	       recv(fd, heard, sizeof heard, MSG_DONTWAIT) == sizeof said &&
	       memcmp(heard, said, sizeof said) == 0;
	close(fd);
	return good;
}

static bool may_have(const struct ifaddrs *a)
{
	return a->ifa_addr != NULL && a->ifa_addr->sa_family == AF_INET && a->ifa_flags & IFF_UP &&
	       a->ifa_flags & IFF_MULTICAST && !(a->ifa_flags & IFF_LOOPBACK);
}

void doctor_multicast(struct doctor *d)
{
	enum verdict bad = DOCTOR_WARN;
	char heard[256] = "";
	unsigned tried = 0;
	struct ifaddrs *all;

	for (size_t i = 0; i < d->set->discover.count; i++)
		bad = strcmp(d->set->discover.items[i], "mdns:") == 0 ? DOCTOR_FAIL : bad;
	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *a = all; a != NULL && tried < INTERFACES; a = a->ifa_next) {
		size_t n = strlen(heard);

		if (!may_have(a))
			continue;
		tried++;
		if (hears_itself(if_nametoindex(a->ifa_name)))
			snprintf(heard + n, sizeof heard - n, "%s%s", n ? ", " : "", a->ifa_name);
	}
	freeifaddrs(all);
	if (tried == 0)
		doctor_say(d, bad, "multicast",
		           "no interface has it: nodes of other machines are not found by mdns:, say "
		           "--connect");
	else if (*heard == '\0')
		doctor_say(d, bad, "multicast",
		           "what is sent to " GROUP " does not come back: does a firewall drop it? "
		           "--connect does without");
	else
		doctor_say(d, DOCTOR_OK, "multicast", "heard on %s", heard);
}

/* ---- the firewall --------------------------------------------------------------- */

/* What the tool lists, or NULL. */
static char *list_rules(const char *command)
{
	FILE *pipe = popen(command, "r");
	char *text = NULL;
	size_t n = 0;

	if (pipe == NULL)
		return NULL;
	text = need(malloc(RULES_MAX + 1));
	n = fread(text, 1, RULES_MAX, pipe);
	text[n] = '\0';
	if (pclose(pipe) == 0)
		return text;
	free(text);
	return NULL;
}

static bool has_tool(const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };
	char path[64];

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Does a chain of nftables at the way in drop or reject, by a rule or in the end? */
static bool nft_drops(char *rules)
{
	bool input = false, drops = false;

	for (char *rest = NULL, *line = strtok_r(rules, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, "chain ") != NULL)
			input = false;
		input = input || strstr(line, "hook input") != NULL;
		drops = drops || (input && (strstr(line, "policy drop") != NULL ||
		                            strstr(line, " drop") != NULL ||
		                            strstr(line, "\treject") != NULL ||
		                            strstr(line, " reject") != NULL));
	}
	return drops;
}

static bool iptables_drops(const char *rules)
{
	return strstr(rules, "-P INPUT DROP") != NULL || strstr(rules, "-j DROP") != NULL ||
	       strstr(rules, "-j REJECT") != NULL;
}

void doctor_firewall(struct doctor *d)
{
	bool nft = has_tool("nft"), iptables = has_tool("iptables");
	char *by_nft, *by_iptables;
	bool drops;

	if (!nft && !iptables) {
		doctor_say(d, DOCTOR_OK, "firewall",
		           "neither nft nor iptables is here; what stands before this machine is not "
		           "seen");
		return;
	}
	if (geteuid() != 0) {
		doctor_say(d, DOCTOR_OK, "firewall",
		           "%s is here, and only root sees its rules: sudo leno doctor",
		           nft ? "nft" : "iptables");
		return;
	}
	by_nft = list_rules("PATH=/usr/sbin:/sbin:/usr/bin:/bin nft list ruleset 2>/dev/null");
	by_iptables = list_rules("PATH=/usr/sbin:/sbin:/usr/bin:/bin iptables -S INPUT 2>/dev/null");
	drops = (by_nft != NULL && nft_drops(by_nft)) ||
	        (by_iptables != NULL && iptables_drops(by_iptables));
	if (by_nft == NULL && by_iptables == NULL)
		doctor_say(d, DOCTOR_OK, "firewall",
		           "%s does not list its rules here: nothing is known of it",
		           nft ? "nft" : "iptables");
	else if (drops)
		doctor_say(d, DOCTOR_WARN, "firewall",
		           "it drops some of what comes in: let the ports of --listen through, and "
		           "udp 5353 for mdns:");
	else
		doctor_say(d, DOCTOR_OK, "firewall", "this machine's own drops nothing that comes in");
	free(by_nft);
	free(by_iptables);
}
