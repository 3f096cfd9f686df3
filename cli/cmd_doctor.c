/* cmd_doctor.c - `leno doctor`: what would stop two machines from meeting. */
#include "command.h"
#include "config.h"
#include "doctor.h"
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void doctor_say(struct doctor *d, enum verdict verdict, const char *check, const char *format, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" };
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	d->failed = d->failed || verdict == DOCTOR_FAIL;
	if (d->set->json) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "check", check);
		json_text(object, "result", words[verdict]);
		json_text(object, "text", text);
		out_json(object);
		return;
	}
	out("%s%-4s%s  %-11s ",
	    verdict == DOCTOR_OK     ? style_good()
	    : verdict == DOCTOR_WARN ? style_bold()
	                             : style_bad(),
	    words[verdict], style_none(), check);
	out_safe_text(text);
	out("\n");
	out_end();
}

bool doctor_is_open(const struct doctor *d)
{
	const struct settings *s = d->set;

	return s->secret_file != NULL || s->anonymous || s->network_key != NULL ||
	       s->certificate_file != NULL;
}

bool doctor_uri_parse(const char *uri, struct doctor_uri *ret)
{
	const char *slashes = strstr(uri, "://"), *host, *end, *port = NULL;
	struct doctor_uri u = { .port = 0 };
	long number = 0;
	char digits[8] = "";

	if (slashes == NULL || (size_t)(slashes - uri) >= sizeof u.scheme)
		return false;
	memcpy(u.scheme, uri, (size_t)(slashes - uri));
	host = slashes + 3;
	if (*host == '[') {
		end = strchr(++host, ']');
		port = end != NULL && end[1] == ':' ? end + 2 : NULL;
	} else {
		end = host + strcspn(host, ":/");
		port = *end == ':' ? end + 1 : NULL;
	}
	if (end == NULL || end == host || (size_t)(end - host) >= sizeof u.host)
		return false;
	memcpy(u.host, host, (size_t)(end - host));
	if (port != NULL)
		snprintf(digits, sizeof digits, "%.*s", (int)strcspn(port, "/"), port);
	if (port != NULL && !parse_count(digits, 0, 65535, &number))
		return false;
	u.port = (unsigned)number;
	*ret = u;
	return true;
}

static const struct argp_child children[] = {
	{ &config_argp, 0, NULL, 0 },
	{ &member_argp, 0, NULL, 0 },
	{ &asking_argp, 0, NULL, 0 },
	{ &settings_argp, 0, "Options of all commands:", 1 },
	{ 0 },
};

static const struct argp argp = {
	.parser = words_parse,
	.args_doc = "[URI]",
	.doc = "Looks at what would stop two machines from meeting, and says what to do about it: "
	       "the configuration, secret and identity, the clock, ports, multicast, the firewall, "
	       "names, who leads on this machine; and whether the node at URI can be reached, step "
	       "by step."
	       "\vWhat `leno up` would be told is told here: the same options, the same file. As root "
	       "it sees more. It ends with 1 when something is in the way.",
	.children = children,
};

int cmd_doctor(int argc, char **argv)
{
	struct words words = { .most = 1 };
	struct settings *set = &words.set;
	struct doctor d = { .set = set };
	const char *uri;
	char wrong[CONFIG_WRONG];

	settings_parse_said(&argp, argc, argv, set, &words);
	uri = words.items[0];
	config_read(set, wrong);
	doctor_config(&d, wrong);
	doctor_secret(&d);
	doctor_identity(&d);
	doctor_certificate(&d);
	doctor_clock(&d);
	doctor_descriptors(&d);
	doctor_ipv6(&d);
	doctor_names(&d, uri);
	doctor_ports(&d);
	doctor_multicast(&d);
	doctor_firewall(&d);
	doctor_leader(&d);
	for (size_t i = 0; i < set->connect.count; i++)
		doctor_reach(&d, set->connect.items[i]);
	if (uri != NULL)
		doctor_reach(&d, uri);
	out_drain();
	return d.failed ? EXIT_FAILED : EXIT_DONE;
}
