/* mesh.js - a mesh that is not there: as many nodes as asked for, the same each time. A few of
 * them are well linked, most have one to three links, as meshes come to be. */

const FIRST = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heron', 'iris',
	'juniper', 'kestrel', 'larch', 'maple', 'north', 'otter', 'pine', 'quartz', 'raven', 'sedge',
	'tern', 'umber', 'violet', 'willow', 'yarrow', 'zinc'];
const LAST = ['', '-attic', '-barn', '-cellar', '-desk', '-east', '-field', '-gate', '-hall'];

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

export function uuid(next) {
	const digit = (n) => Math.floor(next() * n).toString(16);
	return 'xxxxxxxx-xxxx-8xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => digit(16));
}

/** {nodes: [{id, name, role, labels}], edges: [{a, b, cost}]}; the first is the best linked. */
export function makeMesh(n, seed = 1) {
	const next = random(seed), nodes = [], edges = [];
	const hubs = Math.max(1, Math.round(Math.sqrt(n) / 1.4));
	const costs = [1, 1, 2, 3, 4, 8, 12, 24, 48];
	const link = (i, j) => {
		const a = nodes[Math.min(i, j)].id, b = nodes[Math.max(i, j)].id;
		if (i !== j && !edges.some((e) => e.a === a && e.b === b))
			edges.push({ a, b, cost: costs[Math.floor(next() * costs.length)] });
	};
	for (let i = 0; i < n; i++) {
		const dice = next();
		nodes.push({
			id: uuid(next),
			name: FIRST[i % FIRST.length] + LAST[Math.floor(i / FIRST.length) % LAST.length],
			role: i < hubs || dice < 0.7 ? 'member' : dice < 0.95 ? 'endpoint' : 'observer',
			labels: dice < 0.3 ? { site: ['lab', 'home', 'roof'][i % 3] } : {},
		});
		if (i === 0)
			continue;
		if (i < hubs) {
			link(i, i - 1);
			if (next() < 0.4)
				link(i, Math.floor(next() * i));
		} else {
			const links = 1 + Math.floor(next() * next() * 3);
			for (let k = 0; k < links; k++)
				link(i, next() < 0.75 ? Math.floor(next() * hubs) : Math.floor(next() * i));
		}
	}
	if (hubs > 3)
		link(0, hubs - 1);
	return { nodes, edges };
}
