/* panel_rates.js - the last three minutes as lines: messages and bytes a second, round trips to
 * neighbours. Each figure says in words what its lines show. */
import { h, s, reconcile, say } from './dom.js';
import { bytes, count, milliseconds } from './format.js';
import { ceiling, line, summary, TICKS } from './series.js';

const WIDTH = 360, HEIGHT = 92;
const LINES = 6;                /* round trips in one figure: those of the most loaded links */

export class RatesPanel {
	#ctx;
	#messages = new Figure('Messages a second', (v) => count(Math.round(v * 10) / 10));
	#bytes = new Figure('Bytes a second', bytes, 1024);
	#trips = new Figure('Round trips to neighbours', milliseconds);
	#counters = h('dl', { class: 'facts' });

	constructor(ctx, panel) {
		this.#ctx = ctx;
		panel.append(h('h2', { tabIndex: -1 }, 'Rates'), h('p', { class: 'aside lead' },
			`The last ${TICKS / 60} minutes, as this node saw them.`), this.#messages.element,
			this.#bytes.element, this.#trips.element, h('h3', {}, 'Of this node'), this.#counters);
	}

	update() {
		const { rates, trips, stats } = this.#ctx.model;
		this.#messages.draw([['in', rates.received.series.values], ['out', rates.sent.series.values]]);
		this.#bytes.draw([['in', rates.bytesIn.series.values], ['out', rates.bytesOut.series.values]]);
		this.#trips.draw([...trips.values()].slice(0, LINES)
			.map(({ name, series }) => [name || 'unnamed', series.values]));
		const rows = [['Sessions', stats.sessions], ['Memory', bytes(stats.memory ?? 0)],
			['Sent', count(stats.sent ?? 0)], ['Received', count(stats.received ?? 0)],
			['Forwarded', count(stats.forwarded ?? 0)], ['Dropped', count(stats.dropped ?? 0)]];
		reconcile(this.#counters, rows, ([name]) => name, ([name]) =>
			h('div', {}, h('dt', {}, name), h('dd', {})),
		(el, [, value]) => say(el.lastChild, String(value ?? 0)));
	}
}

class Figure {
	element;
	#format;
	#thousand;
	#title;
	#svg = s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', preserveAspectRatio: 'none' });
	#lines = s('g', { class: 'lines' });
	#top = h('span', { class: 'scale' });
	#key = h('ul', { class: 'key' });

	constructor(title, format, thousand = 1000) {
		this.#format = format;
		this.#thousand = thousand;
		this.#title = title;
		this.#svg.append(s('path', { class: 'grid', d: [0.5, HEIGHT / 2, HEIGHT - 0.5].map((y) =>
			`M0 ${y}H${WIDTH}`).join('') }), this.#lines);
		this.element = h('figure', { class: 'figure' }, h('figcaption', {}, title),
			h('div', { class: 'frame' }, this.#svg, this.#top), this.#key);
	}

	draw(all) {
		const top = ceiling(all.flatMap(([, values]) => values), this.#thousand);
		say(this.#top, this.#format(top));
		reconcile(this.#lines, all.map(([name, values], i) => ({ name, values, i })), (one) => one.i,
			(one) => s('path', { class: `line-${one.i}` }),
			(el, { values }) => el.setAttribute('d', line(values, top, WIDTH, HEIGHT - 1)));
		const words = all.map(([name, values]) => {
			const { median, worst } = summary(values), last = values.at(-1);
			return last === undefined && median === undefined ? [name, 'nothing yet']
				: [name, `${this.#format(last ?? 0)} now, median ${this.#format(median)}, most ${
					this.#format(worst)}`];
		});
		reconcile(this.#key, words.map(([name, text], i) => ({ name, text, i })), (one) => one.i,
			(one) => h('li', { class: `key-${one.i}` }, h('b', {}), h('span', {})), (li, one) => {
				say(li.firstChild, one.name);
				say(li.lastChild, one.text);
			});
		this.#svg.setAttribute('aria-label', `${this.#title} over ${TICKS / 60} minutes. ` +
			words.map(([name, text]) => `${name}: ${text}`).join('. '));
	}
}
