// What the page knows of the mesh, before the fake: read when something happens, and bounded.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Model } from '../dashboard/model.js';
import { open } from './fake/index.js';

async function joined(t) {
	const node = await open({ name: 'page' });
	await node.connect('ws://here');
	const model = new Model(node);
	t.after(async () => {
		model.close();
		await node.close();
	});
	return { node, model };
}

test('it reads who is there, how they are linked, and how loaded they are', async (t) => {
	const { node, model } = await joined(t);
	assert.equal(model.nodes.size, 5);
	assert.equal([...model.nodes.keys()][0], node.id);
	assert.equal(model.nodes.get(node.id).degree, 1);
	assert.ok([...model.nodes.values()].some((one) => one.load === 150));
	const last = [...model.nodes.keys()].at(-1);
	assert.deepEqual(model.route(last).at(0), node.id);
	assert.deepEqual(model.route(last).at(-1), last);
});

test('its version tells when nodes or links have changed, and only then', async (t) => {
	const { node, model } = await joined(t);
	const before = model.version;
	model.read();
	assert.equal(model.version, before);
	const edges = node.edges();
	node.edges = () => edges.map((e) => ({ ...e, cost: e.cost + 1 }));
	model.read();
	assert.equal(model.version, before, 'a cost is no link');
	node.edges = () => edges.slice(1);
	model.read();
	assert.equal(model.version, before + 1);
});

test('who comes is read at once, and not once for each', async (t) => {
	const { node, model } = await joined(t);
	let ticks = 0;
	model.on('tick', () => { ticks++; });
	for (const one of node.nodes.values())
		node.tell('node-up', one);
	await new Promise((done) => { setTimeout(done, 300); });
	assert.equal(ticks, 1);
});

test('of traffic it keeps so many entries, and so much of each', async (t) => {
	const { node, model } = await joined(t);
	const [from] = node.nodes.keys(), data = new Uint8Array(1 << 20).fill(0x61);
	for (let i = 0; i < 1500; i++)
		node.tell('message', { from, type: 'flood', data: i ? data.subarray(0, 3) : data });
	node.emit('big', { text: 'x'.repeat(1 << 20) }, from);
	assert.equal(model.entries.length, 1000);
	assert.ok(model.entries.every((e) => e.text.length <= 4000));
	assert.equal(model.entries.at(-1).kind, 'event');
	assert.deepEqual(new Set(model.entries.map((e) => e.n)).size, 1000);
});

test('names of those who have gone are remembered', async (t) => {
	const { node, model } = await joined(t);
	const [, gone] = node.nodes.values(), rest = new Map(node.nodes);
	rest.delete(gone.id);
	Object.defineProperty(node, 'nodes', { get: () => rest });
	model.read();
	assert.equal(model.nodes.has(gone.id), false);
	assert.equal(model.name(gone.id), gone.name);
});
