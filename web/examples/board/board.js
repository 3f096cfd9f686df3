// board.js - everybody's cursor, for everybody. The node that serves this page is the meeting point
// only: tabs link up by WebRTC, and what they tell each other goes straight from one to the other.
import { open } from '/leno/index.js';

const query = new URLSearchParams(location.search);
const node = await open({ network: query.get('network') ?? 'default',
	name: query.get('name') ?? `tab-${Math.random().toString(36).slice(2, 6)}` });
const board = document.getElementById('board'), status = document.getElementById('status');
const cursors = new Map();

function count() {
	const others = [...group.members.values()];
	const direct = others.filter((one) => one.hops === 1).length;
	status.textContent = `${others.length} others, ${direct} of them linked directly`;
}

function cursorOf(id) {
	if (!cursors.has(id)) {
		const dot = document.createElement('i');
		dot.dataset.name = node.nodes.get(id)?.name ?? '';
		dot.style.background = `hsl(${parseInt(id.slice(0, 4), 16) % 360} 55% 50%)`;
		board.append(dot);
		cursors.set(id, dot);
	}
	return cursors.get(id);
}

await node.connect(location.origin.replace(/^http/, 'ws'));
const group = node.group('cursor board');
group.on('joined', count);
group.on('left', ({ id }) => {
	cursors.get(id)?.remove();
	cursors.delete(id);
	count();
});
setInterval(count, 1000);

/* Twice as many as can be seen help nobody: one a frame. Who is behind misses some, no more. */
let latest = null;
board.onpointermove = ({ clientX, clientY }) => {
	if (!latest)
		requestAnimationFrame(() => {
			const at = Float32Array.of(latest.x / innerWidth, latest.y / innerHeight);
			latest = null;
			for (const id of group.members.keys())
				node.trySend(id, 'at', at.buffer);
		});
	latest = { x: clientX, y: clientY };
};

for await (const { from, data } of node.messages('at')) {
	if (data.length !== 8 || !group.members.has(from))
		continue;
	const [x, y] = new Float32Array(data.slice().buffer);
	const { style } = cursorOf(from);
	style.left = `${100 * x}%`;
	style.top = `${100 * y}%`;
}
