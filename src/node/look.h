/* look.h - the mesh as leno.h shows it. */
#ifndef LENO_NODE_LOOK_H
#define LENO_NODE_LOOK_H

#include "node/node.h"

/* Strings are lent as long as the mesh_node is. */
void look_info(leno_node *, const struct mesh_node *, leno_info *ret);

#endif
