/* rounds.c - see rounds.h. */
#include "rounds.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct round_node *rounds_add(struct rounds *r, const leno_info *info)
{
	struct round_node *one;

	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		r->nodes = need(realloc(r->nodes, r->room * sizeof *r->nodes));
	}
	one = &r->nodes[r->n++];
	*one = (struct round_node){ .rounds = r, .id = info->id, .hops = info->hops };
	snprintf(one->name, sizeof one->name, "%s", info->name);
	return one;
}

static int by_name(const void *a, const void *b)
{
	const struct round_node *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : memcmp(&x->id, &y->id, sizeof x->id);
}

static int by_distance(const void *a, const void *b)
{
	const struct round_node *x = a, *y = b;

	return x->hops != y->hops ? (x->hops < y->hops ? 1 : -1) : by_name(a, b);
}

void rounds_sort(struct rounds *r)
{
	if (r->n > 0)
		qsort(r->nodes, r->n, sizeof *r->nodes, r->farthest_first ? by_distance : by_name);
}

static void told(struct round_node *one, const leno_answer *answer)
{
	struct rounds *r = one->rounds;

	one->state = ROUND_OVER;
	r->over++;
	r->failed += answer->error != 0;
	r->late += answer->error == LENO_TIMEOUT;
	r->answered(r, one, answer);
}

void rounds_done(leno_node *node, void *user, const leno_answer *answer)
{
	struct round_node *one = user;

	one->rounds->under_way--;
	told(one, answer);
}

/* Those before it in the order have all been told of. */
static bool is_its_turn(const struct rounds *r, size_t i)
{
	return !r->farthest_first || r->over >= i ||
	       r->nodes[r->over].hops == r->nodes[i].hops;
}

bool rounds_work(struct rounds *r)
{
	for (size_t i = 0; i < r->n && r->under_way < ROUND_MAX && is_its_turn(r, i); i++) {
		struct round_node *one = &r->nodes[i];
		int error;

		if (one->state != ROUND_NEW)
			continue;
		one->asked_us = clock_us();
		error = r->ask(r, one);
		if (error == LENO_AGAIN)
			break; /* after a later step */
		if (error) {
			told(one, &(leno_answer){ .error = error, .why = "" });
			continue;
		}
		one->state = ROUND_ASKED;
		r->under_way++;
	}
	return r->over == r->n;
}

int rounds_exit(const struct rounds *r)
{
	if (r->failed == 0)
		return EXIT_DONE;
	return r->late == r->failed ? EXIT_TIMEOUT : EXIT_FAILED;
}

char *round_name(const struct round_node *one, char ret[128])
{
	char id[LENO_ID_TEXT];

	if (*one->name)
		return safe_copy(ret, 128, one->name, strlen(one->name));
	snprintf(ret, 128, "%.8s", leno_id_text(&one->id, id));
	return ret;
}

const char *round_why(const leno_answer *answer, char ret[256])
{
	const char *why = answer->why ? answer->why : "";

	if (answer->error != LENO_REFUSED)
		snprintf(ret, 256, "%s", leno_strerror(answer->error));
	else if (*why)
		safe_copy(ret, 256, why, strlen(why));
	else
		snprintf(ret, 256, "refused with code %d", answer->code);
	return ret;
}

void rounds_free(struct rounds *r)
{
	free(r->nodes);
	*r = (struct rounds){ .app = NULL };
}
