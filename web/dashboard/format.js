/* format.js - numbers, ids and values as people read them, and values as they write them. */

/** "0.4 ms", "12 ms", "1.3 s"; an en dash when it is not known (0). */
export function milliseconds(ms) {
	if (!(ms > 0))
		return '–';
	if (ms < 10)
		return `${ms < 0.1 ? '<0.1' : trim(ms.toFixed(1))} ms`;
	return ms < 1000 ? `${Math.round(ms)} ms` : `${trim((ms / 1000).toFixed(1))} s`;
}

/** "45 s", "3 min", "2 h 5 min", "4 d 3 h". */
export function duration(ms) {
	const s = Math.floor(ms / 1000), min = Math.floor(s / 60), h = Math.floor(min / 60);
	if (s < 60)
		return `${Math.max(0, s)} s`;
	if (min < 60)
		return `${min} min`;
	const two = (a, ua, b, ub) => b > 0 ? `${a} ${ua} ${b} ${ub}` : `${a} ${ua}`;
	return h < 24 ? two(h, 'h', min % 60, 'min') : two(Math.floor(h / 24), 'd', h % 24, 'h');
}

/** "512 B", "1.5 KiB", "64 MiB". */
export function bytes(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let unit = 0;
	while (n >= 1024 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${unit === 0 || n >= 100 ? Math.round(n) : trim(n.toFixed(1))} ${units[unit]}`;
}

/** "950", "1.2 k", "3.4 M". */
export function count(n) {
	const units = ['', ' k', ' M', ' G'];
	let unit = 0;
	while (Math.abs(n) >= 1000 && unit < units.length - 1) {
		n /= 1000;
		unit++;
	}
	const text = Math.abs(n) >= 100 || Number.isInteger(n) ? String(Math.round(n)) : n.toFixed(1);
	return trim(text) + units[unit];
}

/** "1 node", "2 nodes". */
export function plural(n, noun) {
	return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Load as the core counts it (128: as many calls as it does at once) in percent. */
export function load(value) {
	return `${Math.round(value / 1.28)} %`;
}

/** "under 8 ms", as the cost of a link says it (mesh/cost.h). */
export function cost(value) {
	return value >= 4096 ? 'over 4 s' : `under ${milliseconds(value)}`;
}

function trim(text) {
	return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function shortId(id) {
	return id.slice(0, 8);
}

/** A name to show: its name, or the beginning of its id. */
export function title(node) {
	return node.name || shortId(node.id);
}

/** A node in a line: its role, how it is reached, its links. */
export function nodeLine(node, model) {
	if (node.id === model.node.id)
		return `this page, ${node.role}, ${plural(node.degree, 'link')}`;
	const way = node.hops === 1 ? 'direct' : `${plural(node.hops, 'hop')} by ${model.name(node.next)}`;
	return `${node.role}, ${way}, ${milliseconds(node.rtt)}, ${plural(node.degree, 'link')}`;
}

export function time(date) {
	return date.toTimeString().slice(0, 8);
}

/* ---- values ---------------------------------------------------------------------- */

/** A value as JSON; bytes as {"$bytes": hex}, big integers and Maps as near as JSON can. */
export function toJSON(value, indent) {
	return JSON.stringify(value, (key, v) => {
		if (v instanceof Uint8Array)
			return { $bytes: hex(v) };
		if (typeof v === 'bigint')
			return { $int: String(v) };
		if (v instanceof Map)
			return [...v.keys()].every((k) => typeof k === 'string')
				? Object.fromEntries(v) : { $map: [...v] };
		return v;
	}, indent) ?? 'nil';
}

/** The value that this text means. SyntaxError: none, and the message says where. */
export function fromJSON(text) {
	return JSON.parse(text, (key, v) => {
		if (v === null || typeof v !== 'object' || Array.isArray(v))
			return v;
		const [only, ...more] = Object.keys(v);
		if (more.length > 0)
			return v;
		if (only === '$bytes' && /^([0-9a-f]{2})*$/i.test(v.$bytes))
			return unhex(v.$bytes);
		if (only === '$int' && /^-?\d+$/.test(v.$int))
			return BigInt(v.$int);
		return only === '$map' && Array.isArray(v.$map) ? new Map(v.$map) : v;
	});
}

/** What somebody has typed: JSON when it is JSON, else the text itself. */
export function fromInput(text) {
	try {
		return fromJSON(text);
	} catch {
		return text;
	}
}

export function hex(data) {
	return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function unhex(text) {
	return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Bytes in a line: as text where they are text, else in hexadecimal; cut at `most`. */
export function preview(data, most = 160) {
	if (data.length === 0)
		return '';
	try {
		const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
		if (!/[\u0000-\u0008\u000e-\u001f]/.test(text))
			return cut(text.replace(/\s+/g, ' '), most);
	} catch {
		/* not text: below */
	}
	return cut(hex(data.subarray(0, most)), most);
}

export function cut(text, most) {
	return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
