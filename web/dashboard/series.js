/* series.js - the last minutes of a number, one value a tick. */

export const TICKS = 180;

export class Series {
	#values = [];

	push(value) {
		this.#values.push(value);
		if (this.#values.length > TICKS)
			this.#values.shift();
	}

	get values() { return this.#values; }
	get last() { return this.#values.at(-1); }
}

/** A counter that only grows, as how fast it does: a second, over the last two readings. */
export class Rate {
	#value;
	#at = 0;
	series = new Series();

	read(value, now) {
		if (this.#value !== undefined && now > this.#at)
			this.series.push(Math.max(0, value - this.#value) * 1000 / (now - this.#at));
		this.#value = value;
		this.#at = now;
	}
}

/** {median, worst} of those values that there are. */
export function summary(values) {
	const known = values.filter((v) => v !== undefined).sort((a, b) => a - b);
	return known.length === 0 ? { median: undefined, worst: undefined }
		: { median: known[Math.floor(known.length / 2)], worst: known.at(-1) };
}

/** The upper end of an axis: 1, 2 or 5 times a power of ten (of those that `thousand` of a unit make
 * the next: 1024 for bytes), not below the greatest value. */
export function ceiling(values, thousand = 1000) {
	let most = Math.max(0, ...values.filter((v) => v !== undefined)), unit = 1;
	if (most === 0)
		return 1;
	for (; most > thousand; most /= thousand)
		unit *= thousand;
	const power = 10 ** Math.floor(Math.log10(most));
	return Math.min(thousand, [1, 2, 5, 10].map((m) => m * power).find((v) => v >= most * 0.999999)) *
		unit;
}

/** The path of a line through these values, the newest at the right edge, as SVG writes it; gaps
 * where there is none. */
export function line(values, top, width, height) {
	let text = '', pen = 'M';
	values.forEach((v, i) => {
		if (v === undefined) {
			pen = 'M';
			return;
		}
		const x = width - (values.length - 1 - i) * width / (TICKS - 1);
		const y = height - Math.min(v, top) / top * height;
		text += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
		pen = 'L';
	});
	return text;
}
