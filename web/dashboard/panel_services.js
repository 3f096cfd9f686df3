/* panel_services.js - what is offered, and a form for each method of it, made from its line. */
import { h, field, reconcile, say, soon } from './dom.js';
import { cut, load, plural, toJSON } from './format.js';
import { contract, expects, readArguments } from './describe.js';
import { explain } from './errors.js';

const LINES = 200;              /* of what a method says                                    */
const EVERY = 100;              /* milliseconds between two looks while it says much        */

export class ServicesPanel {
	#ctx;
	#list = h('div', { class: 'services' });
	#none = h('p', { class: 'empty' }, 'No node offers a service. In C: leno_service_register(); ' +
		'in a shell: leno serve.');

	constructor(ctx, panel) {
		this.#ctx = ctx;
		panel.append(h('h2', { tabIndex: -1 }, 'Services'), this.#none, this.#list);
	}

	update() {
		const { services } = this.#ctx.model, by = new Map();
		for (const one of services)
			by.set(one.name, [...(by.get(one.name) ?? []), one]);
		this.#none.hidden = by.size > 0;
		const names = [...by.keys()].sort();
		reconcile(this.#list, names, (name) => name, (name) => this.#service(name), (el, name) => {
			const all = by.get(name).sort((a, b) => a.node < b.node ? -1 : 1);
			say(el.querySelector('.by'), plural(all.length, 'provider'));
			reconcile(el.querySelector('.providers'), all, (one) => one.node, () => h('li'),
				(li, one) => say(li, `${this.#ctx.model.name(one.node)}, version ${one.version
					|| 'none'}, load ${load(one.load)}`));
			const select = el.querySelector('select');
			if (select)
				reconcile(select, [{ node: '' }, ...all], (one) => one.node, (one) =>
					h('option', { value: one.node }),
				(option, one) => say(option, one.node ? this.#ctx.model.name(one.node)
					: 'the better of two'));
		});
	}

	#service(name) {
		const body = h('div', { class: 'methods' });
		return h('details', { class: 'service', ontoggle: (event) => {
			if (event.target.open && body.childElementCount === 0)
				this.#describe(name, body);
		} }, h('summary', {}, h('strong', {}, name), h('span', { class: 'by aside' })),
		h('ul', { class: 'providers aside' }), body);
	}

	async #describe(name, body) {
		const { model, node } = this.#ctx, status = h('p', { class: 'aside' }, 'Asking what it offers…');
		body.replaceChildren(status);
		const provider = model.services.find((one) => one.name === name);
		try {
			if (!provider)
				throw Object.assign(new Error(), { code: 'NO_SERVICE' });
			const { methods, events } = contract(await node.describe(provider.node, name));
			const whom = h('select', {});
			body.replaceChildren(field('Ask', whom), ...methods.map((m) => this.#method(name, m, whom)),
				...events.map((e) => h('p', { class: 'line' }, h('code', {}, e.line))));
			this.update();
		} catch (error) {
			body.replaceChildren(h('p', { class: 'error' }, explain(error)), h('button', {
				type: 'button', onclick: () => this.#describe(name, body) }, 'Ask again'));
		}
	}

	#method(service, method, whom) {
		const result = h('output', { class: 'result' });
		const inputs = method.parameters.map(inputOf);
		const button = h('button', { type: 'submit', class: 'primary' }, `Call ${method.name}`);
		const stop = h('button', { type: 'button', hidden: true }, 'Stop');
		const form = h('form', { class: 'method', onsubmit: async (event) => {
			event.preventDefault();
			const control = new AbortController();
			stop.onclick = () => control.abort();
			button.disabled = true;
			stop.hidden = false;
			await this.#call(service, method, inputs, whom.value, control.signal, result);
			button.disabled = false;
			stop.hidden = true;
		} }, h('h3', {}, h('code', {}, method.line)),
		...inputs.map(({ label, input, help }) => field(label, input, help)),
		h('div', { class: 'row' }, button, stop), result);
		return form;
	}

	async #call(service, method, inputs, whom, signal, result) {
		const lines = [], draw = soon(EVERY, () => say(result, lines.join('\n')));
		const show = (text) => {
			lines.push(text);
			if (lines.length > LINES)
				lines.shift();
			draw();
		};
		try {
			const values = readArguments(method.parameters, inputs.map(({ input }) => input.value));
			result.className = 'result';
			say(result, '…');
			const begun = performance.now();
			const value = await this.#ctx.node.call(service, method.name, values, {
				node: whom || undefined, signal,
				onprogress: (v) => show(`so far: ${cut(toJSON(v), 2000)}`),
				onstream: (stream) => read(stream, show).catch((error) => show(explain(error))),
			});
			show(cut(toJSON(value ?? null, 2), 20000));
			result.title = `after ${Math.round(performance.now() - begun)} ms`;
		} catch (error) {
			result.className = 'result error';
			show(explain(error));
		}
	}
}

async function read(stream, show) {
	const reader = stream.readable.pipeThrough(new TextDecoderStream()).getReader();
	for (;;) {
		const { value, done } = await reader.read();
		if (done)
			return;
		show(cut(value, 2000));
	}
}

/* The field for one parameter, with what it expects below. */
function inputOf(p) {
	const kinds = p.types.filter((t) => t !== 'nil').map((t) => expects[t] ?? t);
	const help = `${kinds.join(', or ')}${p.variadic ? ', one a line' : ''}${
		p.optional || p.types.includes('nil') ? '; may be left empty' : ''}`;
	const input = p.types.join() === 'bool' && !p.variadic
		? h('select', {}, ...(p.optional ? ['', 'true', 'false'] : ['true', 'false'])
			.map((v) => h('option', { value: v }, v || '(left out)')))
		: p.variadic || p.types.some((t) => t === 'map' || t === 'list')
			? h('textarea', { rows: 2, spellcheck: false })
			: h('input', { spellcheck: false, autocomplete: 'off',
				inputMode: p.types.join() === 'int' ? 'numeric' : 'text' });
	return { label: p.name, input, help };
}
