/* graph.js - the mesh as a graph: who is next to whom, how far, and by which way. */

/** Map of id -> Map of neighbour -> cost, for these ids alone. */
export function adjacency(ids, edges) {
	const next = new Map();
	for (const id of ids)
		next.set(id, new Map());
	for (const { a, b, cost } of edges) {
		if (a === b || !next.has(a) || !next.has(b))
			continue;
		next.get(a).set(b, cost);
		next.get(b).set(a, cost);
	}
	return next;
}

/** What a relay adds to the costs of its links, as the core counts (mesh/cost.h). */
const HOP_COST = 2;

/** The ids on the way, both ends included; [] when there is none. `first` is the neighbour that
 * the node itself says it takes: of several ways that are as good it is the one shown. */
export function route(next, from, to, first) {
	if (from === to || !next.has(from) || !next.has(to))
		return [];
	if (first !== undefined && first !== to && next.get(from).has(first)) {
		const rest = shortest(next, first, to, from);
		if (rest.length > 0)
			return [from, ...rest];
	}
	return first === to ? [from, to] : shortest(next, from, to);
}

function shortest(next, from, to, without) {
	const cost = new Map([[from, 0]]), before = new Map(), open = new Set([from]);
	const done = new Set(without === undefined ? [] : [without]);
	while (open.size > 0) {
		let best;
		for (const id of open)
			if (best === undefined || cost.get(id) < cost.get(best))
				best = id;
		open.delete(best);
		done.add(best);
		if (best === to)
			break;
		for (const [id, link] of next.get(best)) {
			const sum = cost.get(best) + link + HOP_COST;
			if (!done.has(id) && sum < (cost.get(id) ?? Infinity)) {
				cost.set(id, sum);
				before.set(id, best);
				open.add(id);
			}
		}
	}
	if (!before.has(to))
		return [];
	const way = [to];
	while (way[0] !== from)
		way.unshift(before.get(way[0]));
	return way;
}

/** Text that is the same for the same nodes and links, whatever their order and costs. */
export function shape(ids, edges) {
	const links = edges.map(({ a, b }) => a < b ? `${a} ${b}` : `${b} ${a}`).sort();
	return `${[...ids].sort().join(' ')}|${links.join('|')}`;
}
