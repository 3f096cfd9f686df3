/* directory.h - who offers which service, and who wants to hear which events, as the records
 * of the atlas say it.
 *
 *  1. A place is one service of one version at one node. It comes once and goes once, and
 *     each is told once by directory_next(), unless it went before its coming was told.
 *  2. All of a node is as its last directory_set() said; when memory is out, nothing is.
 *  3. No more than the records hold from which it is made: bounded as they are. */
#ifndef LENO_SERVICE_DIRECTORY_H
#define LENO_SERVICE_DIRECTORY_H

#include "base/list.h"
#include "base/map.h"
#include "service/offer.h"

struct service_key { char text[LENO_SERVICE_MAX + 1]; };   /* zeros behind the name */

struct place {
	struct list of_service, of_node, change;
	struct known_service *service;
	leno_id  node;
	char     version[LENO_VERSION_MAX + 1];
	uint32_t hash;
	uint8_t  load;               /* as last heard, also in answers                */
	uint32_t outstanding;        /* calls of ours that it has not answered        */
	size_t   n_labels;
	const char *labels[SERVICE_LABELS_MAX];
	bool     told, gone, kept;
	char     texts[];
};

struct known_service {
	struct service_key key;
	struct list places;
};

struct known_node {
	leno_id id;
	struct list places, hears;
	size_t n_patterns;
	struct bytes *patterns;      /* one block, freed with it                      */
};

struct directory {
	struct map  services, nodes;
	struct list changes;
	struct list hearing;         /* known_node that have patterns                 */
	struct place *last;          /* told as gone: freed at the next               */
	struct known_service *found; /* the one looked up last: mostly the next one too */
};

void directory_init(struct directory *, size_t nodes_max, const uint8_t seed[16]);
void directory_clear(struct directory *);

/* What this node offers from now on; an empty one is forgotten. MEMORY, LIMIT. */
int  directory_set(struct directory *, const leno_id *, const struct offers *);

/* A place that has come, or (place->gone) is going; lent until the next call. NULL: no more. */
struct place *directory_next(struct directory *);

bool service_key_of(struct bytes name, struct service_key *ret);   /* false: too long */
struct known_service *directory_find(struct directory *, struct bytes name);
struct place *directory_place(struct directory *, struct bytes name, const leno_id *);

/* Iterates over all places; *cursor and *last begin as 0. */
struct place *directory_each(const struct directory *, size_t *cursor, struct place *last);

struct place_filter {
	const char *version, *label;         /* NULL: the newest; any                  */
	const leno_id *not_these;            /* that were asked already                */
	size_t n_not;
	const uint32_t *not_hashes;          /* contracts in which it is not           */
	size_t n_not_hashes;
};

/* Is it one of those? For who has named the node: no other is looked for. */
bool directory_fits(const struct place *, const struct place_filter *);

/* Two of those that fit, by chance and different where there are two; returns how many there
 * are of ret (0 to 2). */
unsigned directory_pick(struct directory *, struct bytes name, const struct place_filter *,
                        uint64_t chance, struct place *ret[2]);

/* The next node after `last` (NULL: the first) that wants to hear this event. */
struct known_node *directory_hears(const struct directory *, struct bytes event,
                                   struct known_node *last);

#endif
