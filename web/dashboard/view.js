/* view.js - which part of the plane the map shows: scale and shift, moved by hand, or following
 * what is there, slowly. */

const MARGIN = 46;              /* pixels around all nodes, for their names ...             */
const ABOVE = 14, BELOW = 24;   /* ... and more, for what lies on the map                   */
const SCALE_MIN = 8, SCALE_MAX = 400;  /* pixels for the length of a link                   */
const FIRST_MAX = 150;          /* a few nodes are not blown up                             */
const EASE = 0.14;              /* of the way, a frame                                      */

export class View {
	scale = 60;
	x = 0;                          /* of the plane's origin, in pixels                 */
	y = 0;
	width = 1;
	height = 1;
	/** Follows what is there, until it is moved by hand. */
	following = true;
	#target = null;

	get isWide() { return this.width > this.height; }

	/** In pixels. */
	at(p) {
		return { x: this.x + p.x * this.scale, y: this.y + p.y * this.scale };
	}

	resize(width, height) {
		this.x += (width - this.width) / 2;
		this.y += (height - this.height) / 2;
		this.width = width;
		this.height = height;
	}

	/** Turns to all of these points. `now`: at once. With little to gain it stays. */
	follow(points, now) {
		if (!this.following || points.length === 0)
			return;
		const xs = points.map((p) => p.x), ys = points.map((p) => p.y);
		const left = Math.min(...xs), right = Math.max(...xs);
		const top = Math.min(...ys), bottom = Math.max(...ys);
		const margin = Math.min(MARGIN, this.width / 5, this.height / 5);
		const scale = Math.max(SCALE_MIN, Math.min(FIRST_MAX,
			(this.width - 2 * margin) / Math.max(right - left, 0.1),
			(this.height - 2 * margin - ABOVE - BELOW) / Math.max(bottom - top, 0.1)));
		const target = { scale, x: this.width / 2 - (left + right) / 2 * scale,
			y: (this.height + ABOVE - BELOW) / 2 - (top + bottom) / 2 * scale };
		if (now)
			Object.assign(this, target);
		else if (this.#target || this.#differs(target))
			this.#target = target;
	}

	#differs({ scale, x, y }) {
		return scale < this.scale * 0.99 || scale > this.scale * 1.15 ||
			Math.hypot(x - this.x, y - this.y) > 30;
	}

	/** One frame on the way. True: there is more of it. */
	ease() {
		if (!this.#target)
			return false;
		for (const key of ['scale', 'x', 'y'])
			this[key] += (this.#target[key] - this[key]) * EASE;
		if (Math.abs(this.#target.scale - this.scale) < 0.05 &&
		    Math.hypot(this.#target.x - this.x, this.#target.y - this.y) < 0.3)
			this.#target = null;
		return this.#target !== null;
	}

	pan(dx, dy) {
		this.#byHand();
		this.x += dx;
		this.y += dy;
	}

	/** By a factor, around this point in pixels. */
	zoom(factor, x = this.width / 2, y = this.height / 2) {
		this.#byHand();
		const scale = Math.max(SCALE_MIN, Math.min(SCALE_MAX, this.scale * factor));
		this.x = x - (x - this.x) * scale / this.scale;
		this.y = y - (y - this.y) * scale / this.scale;
		this.scale = scale;
	}

	/** Brings this point of the plane to the middle when it is near the edge, or out of sight. `now`:
	 * at once. */
	reveal(p, now) {
		const { x, y } = this.at(p);
		if (x > MARGIN && x < this.width - MARGIN && y > MARGIN && y < this.height - MARGIN)
			return;
		this.following = false;
		const target = { scale: this.scale, x: this.x + this.width / 2 - x,
			y: this.y + this.height / 2 - y };
		this.#target = now ? null : target;
		if (now)
			Object.assign(this, target);
	}

	#byHand() {
		this.following = false;
		this.#target = null;
	}
}

/** Is what they span wider than high? */
export function isWide(points) {
	const span = (values) => Math.max(...values) - Math.min(...values);
	return span(points.map((p) => p.x)) > span(points.map((p) => p.y));
}

/** Pointers and the wheel move the view of this element; `changed` is told. Clicks pass,
 * but for the one that ends a drag. */
export function moveByHand(element, view, changed) {
	const down = new Map();
	element.addEventListener('wheel', (event) => {
		event.preventDefault();
		const box = element.getBoundingClientRect();
		view.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)),
			event.clientX - box.left, event.clientY - box.top);
		changed();
	}, { passive: false });
	element.addEventListener('pointerdown', (event) => {
		down.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: false });
	});
	element.addEventListener('pointermove', (event) => {
		const one = down.get(event.pointerId);
		if (!one)
			return;
		const dx = event.clientX - one.x, dy = event.clientY - one.y;
		if (!one.moved && Math.hypot(dx, dy) < 4)
			return;
		if (!one.moved)
			element.setPointerCapture(event.pointerId);
		one.moved = true;
		if (down.size === 1)
			view.pan(dx, dy);
		else
			pinch(element, view, down, event);
		one.x = event.clientX;
		one.y = event.clientY;
		changed();
	});
	let dragged = false;
	for (const end of ['pointerup', 'pointercancel'])
		element.addEventListener(end, (event) => {
			dragged = down.get(event.pointerId)?.moved ?? false;
			down.delete(event.pointerId);
		});
	element.addEventListener('click', (event) => {
		if (dragged)
			event.stopImmediatePropagation();
		dragged = false;
	}, { capture: true });
}

function pinch(element, view, down, event) {
	const [other] = [...down].find(([id]) => id !== event.pointerId).slice(1);
	const one = down.get(event.pointerId), box = element.getBoundingClientRect();
	const before = Math.hypot(one.x - other.x, one.y - other.y);
	const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
	if (before > 0)
		view.zoom(after / before, other.x - box.left, other.y - box.top);
}
