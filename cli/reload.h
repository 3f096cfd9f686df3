/* reload.h - the configuration file read anew while a node runs. */
#pragma once

#include "app.h"
#include "events.h"
#include "maps.h"
#include "metrics.h"
#include "serve.h"

struct reload {
	struct app *app;
	struct settings *set; /* as they are: what is taken over is written here */
	enum event_style style;
	struct serve *serve;
	struct maps **maps;
	struct metrics **metrics;
};

/* All of what the file says is taken over, or nothing: then it is said why. What waits for the next
 * start is said, too. Links live on. */
void reload(struct reload *);
