/* tabs.js - the views: a list of tabs, one of which is shown. On a narrow page the map is one of
 * them, on a wide one it is always there. */
import { h, s, find, roving } from './dom.js';

const wide = matchMedia('(min-width: 820px)');

/* Outlines on a grid of 20. */
const ICONS = {
	map: 'M5 5l10 3M5 5l3 10M15 8l-7 7M3.5 5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0' +
		'M13.5 8a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M6.5 15a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0',
	nodes: 'M4 5h12M4 10h12M4 15h12',
	services: 'M4 4h5v5h-5zM11 11h5v5h-5zM6.5 9v4.5h4.5',
	traffic: 'M3 7h12l-3-3M17 13h-12l3 3',
	groups: 'M4 8a3 3 0 1 0 6 0a3 3 0 1 0-6 0M2 16c1-4 9-4 10 0M12 6a2.5 2.5 0 1 1 1 5M14 13c2 0 4 1 4 3',
	state: 'M3 6c0-3 14-3 14 0v8c0 3-14 3-14 0zM3 6c0 3 14 3 14 0M3 10c0 3 14 3 14 0',
	rates: 'M3 16l4-6 4 3 6-9',
};

/** views: [{key, name, panel}]; `shown` is told which, until the signal. Returns
 * show(key, focus). */
export function makeTabs(list, views, shown, signal) {
	const tabs = new Map();
	let current = null;
	for (const { key, name, panel } of views) {
		const tab = h('button', { type: 'button', role: 'tab', id: `tab-${key}`, class: `tab-${key}`,
			'aria-controls': panel.id, 'aria-selected': 'false', tabindex: -1,
			onclick: () => show(key) },
		s('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, s('path', { d: ICONS[key] })),
		h('span', {}, name));
		if (key !== 'map') {
			panel.setAttribute('role', 'tabpanel');
			panel.setAttribute('aria-labelledby', tab.id);
		}
		tabs.set(key, tab);
		list.append(tab);
	}
	roving(list, '[role=tab]', { keys: ['ArrowLeft', 'ArrowRight'], signal,
		onmove: (tab) => show(tab.id.slice(4)) });
	wide.addEventListener('change', () => show(current), { signal });

	function show(key, focus) {
		current = wide.matches && key === 'map' ? 'nodes' : key;
		for (const { key: one, panel } of views) {
			const chosen = one === current;
			tabs.get(one).setAttribute('aria-selected', chosen);
			tabs.get(one).tabIndex = chosen ? 0 : -1;
			panel.hidden = !chosen && !(one === 'map' && wide.matches);
		}
		shown(current);
		if (focus)
			find(`panel-${current}`).querySelector('h2')?.focus();
	}
	return show;
}

export function startsWith() {
	return wide.matches ? 'nodes' : 'map';
}
