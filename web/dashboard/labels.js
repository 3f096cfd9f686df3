/* labels.js - which names can stand on the map, and on which side of their nodes, so that none
 * covers another or a node. Those that are asked for first have the first choice, and a name stays
 * on the side where it was as long as it can. */

const GAP = 3;
const HEIGHT = 13;

/* Where a label of this width is, for a node of radius r at 0, 0. */
const sides = {
	right: (r, w) => ({ x: r + GAP, y: -HEIGHT / 2, w }),
	left: (r, w) => ({ x: -r - GAP - w, y: -HEIGHT / 2, w }),
	below: (r, w) => ({ x: -w / 2, y: r + 1, w }),
	above: (r, w) => ({ x: -w / 2, y: -r - 1 - HEIGHT, w }),
};

/** nodes: {id, x, y, r, w, must} in order of importance; `before`: Map of id -> side; `taken`:
 * boxes {x, y, w, h} where nothing may stand. Returns a Map of id -> side; who is not in it has no
 * room. `must` are shown in any case, where they cover least. */
export function placeLabels(nodes, before, width, height, taken = []) {
	const grid = new Grid();
	const chosen = new Map();
	for (const box of taken)
		grid.add(box);
	for (const n of nodes)
		grid.add({ x: n.x - n.r, y: n.y - n.r, w: 2 * n.r, h: 2 * n.r, of: n.id });
	for (const n of nodes) {
		const order = [before.get(n.id), ...Object.keys(sides)].filter(Boolean);
		let side = order.find((one) => {
			const box = boxAt(n, one);
			return box.x >= 0 && box.x + box.w <= width && box.y >= 0 && box.y + HEIGHT <= height &&
				grid.meets(box) === 0;
		});
		if (side === undefined && n.must)
			side = order.reduce((best, one) =>
				grid.meets(boxAt(n, one)) < grid.meets(boxAt(n, best)) ? one : best);
		if (side === undefined)
			continue;
		chosen.set(n.id, side);
		grid.add(boxAt(n, side));
	}
	return chosen;
}

function boxAt(n, side) {
	const box = sides[side](n.r, n.w);
	return { x: n.x + box.x, y: n.y + box.y, w: box.w, h: HEIGHT, of: n.id };
}

/** Where its text starts ({x, y, anchor}), y being the line that it stands on. */
export function anchorOf(side, r) {
	const middle = side === 'below' || side === 'above';
	const box = sides[side](r, 0);
	return { x: middle ? 0 : box.x, y: box.y + 10,
		anchor: middle ? 'middle' : side === 'left' ? 'end' : 'start' };
}

/* Boxes by cells, so that each is compared with its neighbours only. */
class Grid {
	#cells = new Map();

	static * #keys(box) {
		for (let x = Math.floor(box.x / 48); x <= (box.x + box.w) / 48; x++)
			for (let y = Math.floor(box.y / 48); y <= (box.y + box.h) / 48; y++)
				yield `${x},${y}`;
	}

	add(box) {
		for (const key of Grid.#keys(box)) {
			if (!this.#cells.has(key))
				this.#cells.set(key, []);
			this.#cells.get(key).push(box);
		}
	}

	/* How many others it would cover. */
	meets(box) {
		const covered = new Set();
		for (const key of Grid.#keys(box))
			for (const other of this.#cells.get(key) ?? [])
				if ((other.of === undefined || other.of !== box.of) &&
				    box.x < other.x + other.w && other.x < box.x + box.w &&
				    box.y < other.y + other.h && other.y < box.y + box.h)
					covered.add(other);
		return covered.size;
	}
}
