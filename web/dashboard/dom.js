/* dom.js - the few things that all panels do with elements. */

const SVG = 'http://www.w3.org/2000/svg';

/** An element: properties that begin with "on" are listeners, `class`, aria-* and data-* are
 * attributes as are those that the element has no property for. Children are nodes or text. */
export function h(tag, properties = {}, ...children) {
	return fill(document.createElement(tag), properties, children);
}

export function s(tag, properties = {}, ...children) {
	return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
	for (const [key, value] of Object.entries(properties)) {
		if (value === undefined || value === null)
			continue;
		if (key.startsWith('on'))
			element.addEventListener(key.slice(2), value);
		else if (key in element && !(element instanceof SVGElement) && key !== 'list')
			element[key] = value;
		else if (value !== false)
			element.setAttribute(key, value === true ? '' : value);
	}
	element.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
	return element;
}

export function find(id) {
	return document.getElementById(id);
}

/** Text that changes only when it does: so nothing is read out twice, or selected in vain. */
export function say(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

/** An attribute that changes only when it does: styles are not worked out in vain. */
export function set(element, name, value) {
	if (element.getAttribute(name) !== String(value))
		element.setAttribute(name, value);
}

/** What runs it soon, and once for all that ask for it meanwhile: something that comes often is not
 * drawn as often. */
export function soon(ms, fn) {
	let timer = 0;
	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			fn();
		}, ms);
	};
}

let pending = [];

/** Reads it out when what is being read has ended; what comes within a second is read together. */
export function announce(text) {
	pending.push(text);
	if (pending.length > 1)
		return;
	setTimeout(() => {
		find('polite').textContent = pending.length > 4
			? `${pending.slice(0, 3).join('. ')}, and ${pending.length - 3} more` : pending.join('. ');
		pending = [];
	}, 1000);
}

let ids = 0;

/** A label with its field; extra is what stands below. */
export function field(text, input, help) {
	input.id ||= `field-${++ids}`;
	if (help)
		input.setAttribute('aria-describedby', `${input.id}-help`);
	return h('div', { class: 'field' }, h('label', { htmlFor: input.id }, text), input,
		help ? h('p', { class: 'help', id: `${input.id}-help` }, help) : null);
}

/** Of many things in a row one is reached by Tab, the others by arrows, Home and End. */
export function roving(container, selector, options = {}) {
	const { keys = ['ArrowUp', 'ArrowDown'], onmove, signal } = options;
	const all = () => [...container.querySelectorAll(selector)]
		.filter((one) => one.getClientRects().length > 0);
	container.addEventListener('keydown', (event) => {
		const list = all(), at = list.indexOf(event.target.closest(selector));
		const to = { [keys[0]]: at - 1, [keys[1]]: at + 1, Home: 0, End: list.length - 1 }[event.key];
		if (at < 0 || to === undefined)
			return;
		event.preventDefault();
		const next = list[Math.max(0, Math.min(list.length - 1, to))];
		next.focus();
		onmove?.(next);
	}, { signal });
	container.addEventListener('focusin', (event) => {
		const one = event.target.closest(selector);
		if (one)
			all().forEach((other) => { other.tabIndex = other === one ? 0 : -1; });
	}, { signal });
}

/** Makes the children those of `items` by key, in this order. Elements that stay are kept, and not
 * moved unless their order has changed: so focus and selections stay as well. */
export function reconcile(parent, items, keyOf, make, update) {
	const focused = parent.contains(document.activeElement) ? document.activeElement : null;
	const wanted = new Set(items.map((item) => String(keyOf(item)))), old = new Map();
	for (const child of [...parent.children])
		if (wanted.has(child.dataset.key))
			old.set(child.dataset.key, child);
		else
			child.remove();
	let at = parent.firstElementChild;
	for (const item of items) {
		const key = String(keyOf(item));
		let child = old.get(key);
		if (!child) {
			child = make(item);
			child.dataset.key = key;
		}
		if (child === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(child, at);
		update?.(child, item);
	}
	if (focused && focused !== document.activeElement && parent.contains(focused))
		focused.focus({ preventScroll: true });
}
