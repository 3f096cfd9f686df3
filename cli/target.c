/* target.c - HOST:PORT, compared by what it says and not by how it is written. */
#include "target.h"

#include "common.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_host_character(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

/* Addresses in their shortest form, names in lower case. */
static bool keep_host(const char *text, size_t n, bool bracketed, struct target *ret)
{
	struct in6_addr six;
	struct in_addr four;
	char host[TARGET_HOST + 1];

	if (n > TARGET_HOST)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (bracketed) {
		if (inet_pton(AF_INET6, host, &six) != 1)
			return false;
		inet_ntop(AF_INET6, &six, ret->host, sizeof ret->host);
		return true;
	}
	if (inet_pton(AF_INET, host, &four) == 1) {
		inet_ntop(AF_INET, &four, ret->host, sizeof ret->host);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_host_character(host[i]))
			return false;
		ret->host[i] = (char)tolower((unsigned char)host[i]);
	}
	ret->host[n] = '\0';
	return true;
}

bool target_parse(const char *text, struct target *ret)
{
	bool bracketed = *text == '[';
	const char *end = bracketed ? strchr(text, ']') : strrchr(text, ':');
	struct target t = { .host = "" };
	const char *port = text;
	long number;

	if (bracketed && (end == NULL || end[1] != ':'))
		return false;
	if (bracketed && !keep_host(text + 1, (size_t)(end - text) - 1, true, &t))
		return false;
	if (!bracketed && end != NULL && !keep_host(text, (size_t)(end - text), false, &t))
		return false;
	if (end != NULL)
		port = end + (bracketed ? 2 : 1);
	if (*port < '0' || *port > '9' || !parse_count(port, 0, 65535, &number))
		return false;
	t.port = (uint16_t)number;
	*ret = t;
	return true;
}

char *target_text(const struct target *t, char ret[TARGET_TEXT])
{
	if (strchr(t->host, ':') != NULL)
		snprintf(ret, TARGET_TEXT, "[%s]:%u", t->host, t->port);
	else
		snprintf(ret, TARGET_TEXT, "%s:%u", t->host, t->port);
	return ret;
}

bool target_is_loopback(const struct target *t)
{
	struct in_addr four;

	if (strcmp(t->host, "localhost") == 0 || strcmp(t->host, "::1") == 0)
		return true;
	return inet_pton(AF_INET, t->host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

bool target_matches(const struct target *allowed, const struct target *asked)
{
	if (allowed->port != asked->port)
		return false;
	return *asked->host ? strcmp(allowed->host, asked->host) == 0 : target_is_loopback(allowed);
}
