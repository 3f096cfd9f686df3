// The map's layout: the same for the same mesh, calm when somebody comes, quick enough for 200.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Layout } from '../dashboard/layout.js';
import { makeMesh } from './fake/mesh.js';

const settled = ({ nodes, edges }) => {
	const layout = new Layout();
	layout.update(nodes.map((n) => n.id), edges);
	layout.settle();
	return layout;
};

const all = (layout) => new Map(layout.ids.map((id) => [id, layout.position(id)]));

const far = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** How far those that are in both have moved, in lengths of a link. */
function moved(before, layout) {
	const steps = [...before].filter(([id]) => layout.position(id))
		.map(([id, p]) => far(p, layout.position(id)));
	return { mean: steps.reduce((sum, d) => sum + d, 0) / steps.length, most: Math.max(...steps) };
}

test('the same mesh is laid out the same, in whatever order it is told', () => {
	const mesh = makeMesh(60);
	const turned = { nodes: [...mesh.nodes].reverse(),
		edges: mesh.edges.map(({ a, b, cost }) => ({ a: b, b: a, cost })).reverse() };
	assert.deepEqual(all(settled(mesh)), all(settled(turned)));
});

test('slices of any size come to the same', () => {
	const mesh = makeMesh(60), layout = new Layout();
	layout.update(mesh.nodes.map((n) => n.id), mesh.edges);
	for (let k = 0, more = true; more; k++) {
		let left = 1 + k % 17;
		more = layout.run(() => left-- === 0);
	}
	assert.deepEqual(all(layout), all(settled(mesh)));
});

for (const n of [5, 60, 200])
	test(`who comes to ${n} nodes does not make the others jump`, () => {
		const { nodes, edges } = makeMesh(n), layout = settled({ nodes, edges });
		const before = all(layout), id = 'ffffffff-0000-8000-8000-000000000000';
		const hub = nodes[0].id;
		layout.update([...nodes.map((one) => one.id), id], [...edges, { a: hub, b: id, cost: 1 }]);
		assert.ok(moved(before, layout).most === 0, 'nobody has moved before the first slice');
		assert.ok(far(layout.position(id), layout.position(hub)) < 1.5, 'it stands by its neighbour');
		layout.settle();
		const { mean } = moved(before, layout);
		assert.ok(mean < 0.35, `mean ${mean}`);
	});

test('no frame moves a known node far when somebody comes', () => {
	const { nodes, edges } = makeMesh(60), layout = settled({ nodes, edges });
	const extra = [10, 20, 30].map((i) => ({ a: nodes[i].id, b: `new-${i}`, cost: 1 }));
	layout.update([...nodes.map((n) => n.id), ...extra.map((e) => e.b)], [...edges, ...extra]);
	for (let more = true; more;) {
		const before = all(layout);
		let left = layout.ids.length;
		more = layout.run(() => left-- === 0);
		const { most } = moved(before, layout);
		assert.ok(most < 0.11, `one sweep moved a node by ${most} of a link`);
	}
});

test('who goes and comes again has its place back', () => {
	const { nodes, edges } = makeMesh(60), layout = settled({ nodes, edges });
	const gone = nodes[40].id, before = layout.position(gone);
	layout.update(nodes.filter((n) => n.id !== gone).map((n) => n.id), edges);
	layout.update(nodes.map((n) => n.id), edges);
	assert.deepEqual(layout.position(gone), before);
});

test('a picture of two is not kept when a hundred come', () => {
	const mesh = makeMesh(100), layout = new Layout(), ids = mesh.nodes.map((n) => n.id);
	assert.equal(layout.update(ids.slice(0, 2), mesh.edges), true);
	layout.settle();
	assert.equal(layout.update(ids, mesh.edges), true);
	layout.settle();
	assert.deepEqual(all(layout), all(settled(mesh)));
	assert.equal(layout.update(ids.slice(0, 90), mesh.edges), false);
});

test('it becomes calm, and stays so', () => {
	const layout = settled(makeMesh(60)), before = all(layout);
	assert.equal(layout.calm, true);
	assert.equal(layout.run(() => assert.fail('it asked for time')), false);
	assert.deepEqual(all(layout), before);
});

test('neighbours are nearer than others, and no two nodes lie on each other', () => {
	const { nodes, edges } = makeMesh(60), layout = settled({ nodes, edges });
	const mean = (list) => list.reduce((sum, d) => sum + d, 0) / list.length;
	const pairs = nodes.flatMap((a, i) => nodes.slice(0, i).map((b) =>
		far(layout.position(a.id), layout.position(b.id))));
	const links = edges.map(({ a, b }) => far(layout.position(a), layout.position(b)));
	assert.ok(mean(links) < mean(pairs) / 1.7);
	assert.ok(Math.min(...pairs) > 0.25);
});

test('nodes without links, alone, or on one place are placed', () => {
	const layout = new Layout();
	layout.update([], []);
	layout.update(['a'], []);
	layout.update(['a', 'b', 'c'], []);
	layout.settle();
	const [a, b, c] = ['a', 'b', 'c'].map((id) => layout.position(id));
	for (const p of [a, b, c])
		assert.ok(Number.isFinite(p.x) && Number.isFinite(p.y));
	assert.ok(far(a, b) > 0.5 && far(b, c) > 0.5 && far(a, c) > 0.5);
});

test('200 nodes are settled in less time than people wait for', () => {
	const begun = performance.now();
	settled(makeMesh(200));
	assert.ok(performance.now() - begun < 10000);
});
