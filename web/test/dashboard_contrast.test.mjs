// Every colour that carries words, on every ground that words stand on: 4.5 at least, light and dark
// (WCAG 2.2, relative luminance); 3 for links of the map and edges of fields. And the page itself keeps to its policy.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const FOLDER = new URL('../dashboard/', import.meta.url);
const read = (name) => readFileSync(new URL(name, FOLDER), 'utf8');
const [light, dark] = read('style.css').match(/:root \{[^}]*\}/g).map((block) =>
	Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, k, v]) => [k, v])));

function luminance(colour) {
	const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
		.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [more, less] = [luminance(a), luminance(b)].sort((x, y) => y - x);
	return (more + 0.05) / (less + 0.05);
}

for (const [name, colours] of Object.entries({ light, dark }))
	test(`words can be read, ${name}`, () => {
		const pairs = ['ground', 'surface', 'sunk'].flatMap((ground) => ['ink', 'muted', 'indigo',
			'madder', 'weld', 'woad', 'plum', 'moss'].map((ink) => [ink, ground]));
		for (const [ink, ground] of [...pairs, ['on-indigo', 'indigo']]) {
			const value = contrast(colours[ink], colours[ground]);
			assert.ok(value >= 4.5, `${ink} on ${ground}: ${value.toFixed(2)}`);
		}
	});

for (const [name, colours] of Object.entries({ light, dark }))
	test(`lines and edges of fields can be seen, ${name}`, () => {
		for (const [line, ground] of [['link', 'ground'], ['edge', 'ground'], ['edge', 'surface'],
			['edge', 'sunk']]) {
			const value = contrast(colours[line], colours[ground]);
			assert.ok(value >= 3, `${line} on ${ground}: ${value.toFixed(2)}`);
		}
	});

test('nothing in the page is inline, or from elsewhere', () => {
	const page = read('index.html');
	assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
	for (const name of readdirSync(FOLDER).filter((n) => /\.(html|css|js|svg)$/.test(n))) {
		const text = read(name).replaceAll('http://www.w3.org/2000/svg', '');
		assert.doesNotMatch(text, /https?:\/\/[a-z]/, name);
		assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
		if (name.endsWith('.js'))
			assert.ok(text.split('\n').length <= 401, `${name} is long`);
	}
});
