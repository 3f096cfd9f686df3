/* describe.js - the lines of a service's contract (leno/service.h) as what a form asks for, and
 * what somebody has filled in as arguments.
 *
 *   [idempotent] [stream] NAME(ARGUMENT, ...) [-> TYPE]      event NAME[(NAME: TYPE)] */

import { fromInput, fromJSON, unhex } from './format.js';

const LINE = /^((?:idempotent |stream )*)([\w.-]+)\((.*)\)(?: *-> *(\S.*))?$/;
const EVENT = /^event ([\w.-]+)(?:\((.*)\))?$/;
const ARGUMENT = /^([\w-]+)(\?)?: *([\w|]+)(\.\.\.)?$/;

/** {methods, events}: lines that are none are left out. */
export function contract(text) {
	const lines = text.split('\n').map((line) => line.trim());
	return {
		methods: lines.map(method).filter(Boolean),
		events: lines.map((line) => EVENT.exec(line)).filter(Boolean)
			.map(([line, name, value = '']) => ({ line, name, value })),
	};
}

function method(line) {
	const found = LINE.exec(line);
	if (!found || line.startsWith('event '))
		return null;
	const [, flags, name, inside, result = 'any'] = found;
	return {
		line, name, result,
		idempotent: flags.includes('idempotent'),
		stream: flags.includes('stream'),
		parameters: inside.split(',').map((one) => ARGUMENT.exec(one.trim())).filter(Boolean)
			.map(([, label, optional, types, more]) => ({
				name: label, types: types.split('|'), optional: !!optional, variadic: !!more,
			})),
	};
}

/** The arguments of a call. Error: its message names the parameter and says what is expected. */
export function readArguments(parameters, texts) {
	const values = [];
	parameters.forEach((p, i) => {
		const text = texts[i] ?? '';
		if (p.variadic) {
			for (const line of text.split('\n').filter((one) => one !== ''))
				values.push(read(p, line));
		} else if (text === '' && p.optional) {
			values.push(null);
		} else {
			values.push(read(p, text));
		}
	});
	while (values.length > 0 && values.at(-1) === null && parameters[values.length - 1]?.optional)
		values.pop();
	return values;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/* How a text is read as each type; undefined: it is none. */
const readers = {
	nil: (text) => text === '' || text === 'nil' || text === 'null' ? null : undefined,
	bool: (text) => ({ true: true, false: false })[text],
	int: (text) => /^[+-]?\d+$/.test(text) ? integer(text) : undefined,
	number: (text) => NUMBER.test(text) ? Number(text) : undefined,
	bin: (text) => /^([0-9a-f]{2})*$/i.test(text) ? unhex(text) : undefined,
	list: (text) => json(text, Array.isArray),
	map: (text) => json(text, (v) => v !== null && typeof v === 'object' && !Array.isArray(v)),
	any: fromInput,
	str: (text) => text,
};

/** What a field of these types expects, in words. */
export const expects = {
	nil: 'nothing', bool: 'true or false', int: 'a whole number', number: 'a number',
	bin: 'bytes in hexadecimal', list: 'a list as JSON, like [1, 2]',
	map: 'a map as JSON, like {"a": 1}', any: 'JSON, or text', str: 'text',
};

function read(p, text) {
	for (const type of Object.keys(readers))
		if (p.types.includes(type)) {
			const value = readers[type](type === 'str' ? text : text.trim());
			if (value !== undefined)
				return value;
		}
	throw new Error(`${p.name}: ${p.types.map((t) => expects[t] ?? t).join(', or ')}`);
}

function integer(text) {
	const n = Number(text);
	return Number.isSafeInteger(n) ? n : BigInt(text);
}

function json(text, fits) {
	try {
		const value = fromJSON(text);
		return fits(value) ? value : undefined;
	} catch {
		return undefined;
	}
}
