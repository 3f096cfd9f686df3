/* doctor.h - what would stop two machines from meeting, looked at piece by piece. Each check says
 * one line or more: that it is well, that it may be in the way, or that it is, and what to do. */
#pragma once

#include "common.h"

enum verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

enum { DOCTOR_HOST = 255 };

struct doctor {
	const struct settings *set;
	bool failed; /* something is in the way */
};

void doctor_say(struct doctor *, enum verdict, const char *check, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* SCHEME://HOST:PORT in its parts; brackets are taken off. False where it is no such URI. */
struct doctor_uri {
	char scheme[12], host[DOCTOR_HOST + 1];
	unsigned port; /* 0: the system's choice, or the scheme's own */
};
bool doctor_uri_parse(const char *uri, struct doctor_uri *ret);
bool doctor_uri_numeric(const struct doctor_uri *); /* no name to be looked up */

/* Does the network reach beyond this machine, by a secret, a key or for anybody? */
bool doctor_is_open(const struct doctor *);

/* doctor_files.c; wrong: what config_read() said, "" when nothing is */
void doctor_config(struct doctor *, const char *wrong);
void doctor_secret(struct doctor *);
void doctor_identity(struct doctor *);

/* doctor_machine.c */
void doctor_clock(struct doctor *);
void doctor_descriptors(struct doctor *);
void doctor_ipv6(struct doctor *);
void doctor_names(struct doctor *, const char *uri);

/* doctor_ports.c */
void doctor_ports(struct doctor *);

/* doctor_net.c */
void doctor_multicast(struct doctor *);
void doctor_firewall(struct doctor *);

/* doctor_reach.c */
void doctor_certificate(struct doctor *); /* where one is named */
void doctor_leader(struct doctor *);
void doctor_reach(struct doctor *, const char *uri);
