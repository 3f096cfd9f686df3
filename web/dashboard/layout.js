/* layout.js - where the nodes of the map are.
 * Given who is there and who is linked, gives positions, in lengths of a link. Stress majorization,
 * in the form that moves one node after the other (Gansner, Koren, North: Graph Drawing by Stress
 * Majorization, 2004): each node goes where its distances to all others are, as well as can be,
 * its hops to them. Nodes that would lie on each other push apart.
 *
 *  1. Same ids and links in the same sequence of updates, same positions: nothing is random.
 *  2. Known nodes stay where they are until they are pulled, and no step is longer than the
 *     temperature, which only falls until the graph changes.
 *  3. A node that comes is placed beside its neighbours; one that comes again, where it was. */

const APART = 0.62;             /* no two nodes nearer than this ...                        */
const PUSH = 3;                 /* ... with the weight of so many links                     */
const FEW = 4;                  /* one known of so many is no picture to be kept            */
const COLD = 1.5;               /* temperature when most nodes are new                      */
const WARM = 0.05;              /* and when few are                                         */
const COOLING = 0.97;          /* a sweep                                                  */
const CALM = 0.0015;            /* below it nothing is seen to move                         */
const REMEMBERED = 512;         /* positions of nodes that have gone                        */

export class Layout {
	#ids = [];
	#index = new Map();
	#x = new Float64Array(0);
	#y = new Float64Array(0);
	#hops = new Float64Array(0);
	#gone = new Map();
	#temperature = 0;
	#at = 0;                    /* the node whose turn it is                            */
	#moved = 0;                 /* the longest step of this sweep                       */

	get calm() { return this.#temperature === 0; }
	get ids() { return this.#ids; }

	position(id) {
		const i = this.#index.get(id);
		return i === undefined ? undefined : { x: this.#x[i], y: this.#y[i] };
	}

	/** Who is there from now on, and the links {a, b} between them. True: nearly all are new, and all
	 * begin anew. */
	update(ids, edges) {
		const before = this.#remember(ids);
		this.#ids = [...new Set(ids)].sort();
		this.#index = new Map(this.#ids.map((id, i) => [id, i]));
		const n = this.#ids.length, near = this.#neighbours(edges);
		this.#hops = distances(near);
		this.#x = new Float64Array(n);
		this.#y = new Float64Array(n);
		const placed = new Uint8Array(n);
		this.#ids.forEach((id, i) => {
			const at = before.get(id) ?? this.#gone.get(id);
			if (!at)
				return;
			[this.#x[i], this.#y[i]] = [at.x, at.y];
			placed[i] = 1;
		});
		const known = placed.reduce((sum, one) => sum + one, 0);
		const anew = known * FEW < n;
		if (anew)
			this.#fan(near);
		else
			this.#join(near, placed);
		this.#temperature = n < 2 ? 0 : known * 2 < n ? COLD : WARM;
		this.#at = this.#moved = 0;
		return anew;
	}

	/** Turns it on its side. */
	transpose() {
		[this.#x, this.#y] = [this.#y, this.#x];
	}

	/** Moves nodes until `enough()` or all is calm. True: there is more to do. */
	run(enough) {
		while (this.#temperature > 0 && !enough()) {
			this.#move(this.#at);
			if (++this.#at < this.#ids.length)
				continue;
			this.#temperature *= COOLING;
			if (this.#moved < CALM || this.#temperature < CALM)
				this.#temperature = 0;
			this.#at = this.#moved = 0;
		}
		return this.#temperature > 0;
	}

	settle() { this.run(() => false); }

	#remember(ids) {
		const before = new Map(), stay = new Set(ids);
		for (const id of this.#ids) {
			before.set(id, this.position(id));
			this.#gone.delete(id);
			if (!stay.has(id))
				this.#gone.set(id, before.get(id));
		}
		for (const id of this.#gone.keys())
			if (this.#gone.size > REMEMBERED)
				this.#gone.delete(id);
		return before;
	}

	#neighbours(edges) {
		const near = this.#ids.map(() => new Set());
		for (const { a, b } of edges) {
			const i = this.#index.get(a), j = this.#index.get(b);
			if (i === undefined || j === undefined || i === j)
				continue;
			near[i].add(j);
			near[j].add(i);
		}
		return near.map((set) => [...set].sort((i, j) => i - j));
	}

	/* The first layout starts as a tree around the node with most links: each subtree has a sector
	 * that is as wide as it has leaves. */
	#fan(near) {
		const parent = new Array(near.length).fill(-1), seen = new Set();
		const roots = near.map((_, i) => i).sort((i, j) => near[j].length - near[i].length || i - j);
		let east = 0;
		for (const root of roots) {
			if (seen.has(root))
				continue;
			const order = [root], level = new Map([[root, 0]]);
			seen.add(root);
			for (let k = 0; k < order.length; k++)
				for (const j of near[order[k]])
					if (!seen.has(j)) {
						seen.add(j);
						parent[j] = order[k];
						level.set(j, level.get(order[k]) + 1);
						order.push(j);
					}
			const depth = level.get(order.at(-1));
			this.#sectors(order, parent, level, east + depth);
			east += 2 * depth + 1;
		}
	}

	#sectors(order, parent, level, east) {
		const leaves = new Map(), from = new Map();
		for (const i of [...order].reverse()) {
			leaves.set(i, leaves.get(i) || 1);
			if (parent[i] >= 0)
				leaves.set(parent[i], (leaves.get(parent[i]) || 0) + leaves.get(i));
		}
		const all = leaves.get(order[0]), used = new Map();
		from.set(order[0], 0);
		for (const i of order) {
			const p = parent[i];
			if (p >= 0) {
				from.set(i, from.get(p) + (used.get(p) || 0));
				used.set(p, (used.get(p) || 0) + leaves.get(i));
			}
			const angle = (from.get(i) + leaves.get(i) / 2) / all * 2 * Math.PI;
			this.#x[i] = east + level.get(i) * Math.cos(angle);
			this.#y[i] = level.get(i) * Math.sin(angle);
		}
	}

	/* Who comes stands outside of its neighbours, seen from the middle; several fan out. */
	#join(near, placed) {
		const middle = this.#middle(placed);
		let left = this.#ids.map((_, i) => i).filter((i) => !placed[i]);
		while (left.length > 0) {
			let ready = left.filter((i) => near[i].some((j) => placed[j]));
			if (ready.length === 0)
				ready = [left[0]];
			for (const i of ready)
				this.#beside(i, near[i].filter((j) => placed[j] === 1), middle);
			for (const i of ready)
				placed[i] = 1;
			left = left.filter((i) => !placed[i]);
		}
	}

	#middle(placed) {
		let x = 0, y = 0, n = 0;
		placed.forEach((one, i) => {
			if (one) {
				x += this.#x[i];
				y += this.#y[i];
				n++;
			}
		});
		return { x: x / n, y: y / n };
	}

	#beside(i, around, middle) {
		let x = middle.x, y = middle.y;
		if (around.length > 0) {
			x = around.reduce((sum, j) => sum + this.#x[j], 0) / around.length;
			y = around.reduce((sum, j) => sum + this.#y[j], 0) / around.length;
		}
		const turn = (hash(this.#ids[i]) / 2 ** 32 - 0.5) * 2;
		const angle = Math.atan2(y - middle.y, x - middle.x) + turn;
		const far = around.length > 1 ? APART : around.length === 1 ? 1 : 2;
		this.#x[i] = x + far * Math.cos(angle);
		this.#y[i] = y + far * Math.sin(angle);
	}

	#move(i) {
		const n = this.#ids.length, row = i * n, xi = this.#x[i], yi = this.#y[i];
		let sx = 0, sy = 0, sum = 0;
		for (let j = 0; j < n; j++) {
			if (j === i)
				continue;
			let dx = xi - this.#x[j], dy = yi - this.#y[j], d = Math.hypot(dx, dy);
			if (d < 1e-9) {         /* on each other: which way is told by their order  */
				dx = Math.cos(i + j) * (i < j ? 1 : -1);
				dy = Math.sin(i + j) * (i < j ? 1 : -1);
				d = 1;
			}
			const want = this.#hops[row + j], weight = 1 / (want * want);
			let pull = weight * want / d;
			let all = weight;
			if (d < APART) {
				pull += PUSH * APART / d;
				all += PUSH;
			}
			sx += all * this.#x[j] + pull * dx;
			sy += all * this.#y[j] + pull * dy;
			sum += all;
		}
		const dx = sx / sum - xi, dy = sy / sum - yi, step = Math.hypot(dx, dy);
		const part = step > this.#temperature ? this.#temperature / step : 1;
		this.#x[i] += dx * part;
		this.#y[i] += dy * part;
		this.#moved = Math.max(this.#moved, step * part);
	}
}

/** Hops between all, row by row; parts that no link joins stand beside each other. */
function distances(near) {
	const n = near.length, hops = new Float64Array(n * n);
	let longest = 0;
	for (let from = 0; from < n; from++) {
		const queue = [from];
		for (let k = 0; k < queue.length; k++)
			for (const j of near[queue[k]])
				if (j !== from && hops[from * n + j] === 0) {
					hops[from * n + j] = hops[from * n + queue[k]] + 1;
					longest = Math.max(longest, hops[from * n + j]);
					queue.push(j);
				}
	}
	for (let k = 0; k < n * n; k++)
		if (hops[k] === 0)
			hops[k] = Math.ceil(longest / 2) + 1;
	return hops;
}

/** FNV-1a. */
export function hash(text) {
	let h = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
	return h >>> 0;
}
