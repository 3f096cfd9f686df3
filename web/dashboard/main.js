/* main.js - the page: the door, then a node, and the panels around it. */
import { h, find, say, announce } from './dom.js';
import { milliseconds, nodeLine, title } from './format.js';
import { summary } from './series.js';
import { enter, forget } from './login.js';
import { Model } from './model.js';
import { MapPanel } from './map.js';
import { makeTabs, startsWith } from './tabs.js';
import { NodesPanel } from './panel_nodes.js';
import { ServicesPanel } from './panel_services.js';
import { TrafficPanel } from './panel_traffic.js';
import { GroupsPanel } from './panel_groups.js';
import { StatePanel } from './panel_state.js';
import { RatesPanel } from './panel_rates.js';

const QUIET = 4000;             /* milliseconds in which all are met                        */

const PANELS = [
	['nodes', 'Nodes', NodesPanel], ['services', 'Services', ServicesPanel],
	['traffic', 'Traffic', TrafficPanel], ['groups', 'Groups', GroupsPanel],
	['state', 'State', StatePanel], ['rates', 'Rates', RatesPanel],
];

/** One life of the page as a node; resolves when it has been left. */
async function live(node) {
	const model = new Model(node);
	const context = { node, model, selected: null, announce };
	find('panels').replaceChildren();
	find('tabs').replaceChildren();
	find('door').hidden = true;
	find('app').hidden = false;

	const views = [{ key: 'map', name: 'Map', panel: find('panel-map') }];
	const panels = new Map();
	for (const [key, name, Panel] of PANELS) {
		const panel = h('section', { id: `panel-${key}`, class: 'panel' });
		find('panels').append(panel);
		panels.set(key, new Panel(context, panel));
		views.push({ key, name, panel });
	}
	const map = new MapPanel(context, find('panel-map'));
	let current;
	context.show = makeTabs(find('tabs'), views, (key) => {
		current = key;
		panels.get(key)?.update();
	}, node.signal);
	context.select = (id) => {
		const node = id !== context.selected && model.nodes.get(id);
		context.selected = id;
		map.selected(id);
		if (node)
			announce(`Chosen: ${title(node)}, ${nodeLine(node, model)}`);
		panels.get('nodes').select(id);
	};
	context.show(startsWith(), true);

	const update = () => {
		head(model);
		map.update();
		panels.get(current)?.update();
	};
	model.on('tick', update);
	const begun = performance.now();
	model.on('entry', (entry) => tellOf(entry, model, begun));
	update();
	await left(node);
	map.close();
	panels.forEach((panel) => panel.close?.());
	model.close();
}

function left(node) {
	return new Promise((done) => {
		const off = node.on('closed', done);
		const go = () => {
			forget();
			node.close().then(done, done);
		};
		find('leave').onclick = go;
		node.signal.addEventListener('abort', () => {
			off();
			done();
		});
	});
}

/* What the mesh is, in a few figures, and whether we are in it. */
function head(model) {
	const { node, nodes, edges, links } = model;
	const trips = [...nodes.values()].map((n) => n.rtt || undefined);
	const figures = [['nodes', nodes.size], ['links', edges.length],
		['median round trip', milliseconds(summary(trips).median ?? 0)]];
	say(find('where'), node.network);
	document.title = `${node.network} · leno`;
	const list = find('figures');
	if (list.children.length === 0)
		list.append(...figures.map(([name]) => h('div', {}, h('dt', {}, name), h('dd', {}))));
	figures.forEach(([, value], i) => say(list.children[i].lastChild, String(value)));
	const state = find('link-state');
	state.classList.toggle('lost', links.length === 0);
	say(state, links.length > 0 ? `in as ${node.name || node.id.slice(0, 8)}`
		: 'Connection lost: trying again');
}

/* Who is there at first nobody needs to have read out. */
function tellOf({ kind, from, type, text }, model, begun) {
	if (kind === 'node' && performance.now() - begun > QUIET)
		announce(`${model.name(from)} ${type === 'node-up' ? 'came' : 'went'}`);
	if (type === 'link-down' && text === 'DUPLICATE')
		announce('The same identity runs elsewhere: this page makes no links any more');
}

for (;;)
	await live(await enter());
