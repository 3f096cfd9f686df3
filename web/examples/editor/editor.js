// editor.js - the text of examples/editor.c, written in a page. The bot keeps it for those who
// come late, and tells it to them:
//
//     editor --bot                      beside `leno up`
//     editor notes bot                  another author, in a terminal
import { open } from '/leno/index.js';

const query = new URLSearchParams(location.search);
const KEY = query.get('key') ?? 'notes', BOT = 'bot';
const node = await open({ network: query.get('network') ?? 'default', name: 'page' });
const [status, list, form, text] = ['status', 'lines', 'form', 'text']
	.map((id) => document.getElementById(id));

/* A line as editor.c has it in memory: clock (4 bytes, little-endian), author (16), text (200). */
const SIZE = 220, TEXT_AT = 20;
let lines = [];

function encode({ clock, author, words }) {
	const data = new Uint8Array(SIZE);
	new DataView(data.buffer).setUint32(0, clock, true);
	author.replaceAll('-', '').match(/../g).forEach((byte, i) => { data[4 + i] = parseInt(byte, 16); });
	new TextEncoder().encodeInto(words, data.subarray(TEXT_AT, SIZE - 1));
	return data;
}

function decode(data) {
	const end = data.indexOf(0, TEXT_AT);
	return { clock: new DataView(data.buffer, data.byteOffset).getUint32(0, true),
		author: Array.from(data.subarray(4, TEXT_AT), (b) => b.toString(16).padStart(2, '0')).join(''),
		words: new TextDecoder().decode(data.subarray(TEXT_AT, end)) };
}

/* In its place: by clock, then author. Whoever tells it again, it is there once. */
function insert(line) {
	line.author = line.author.replaceAll('-', '');
	if (lines.some((one) => one.clock === line.clock && one.author === line.author))
		return;
	lines = [...lines, line].sort((a, b) => a.clock - b.clock || (a.author < b.author ? -1 : 1));
	list.replaceChildren(...lines.map(({ words }) => {
		const item = document.createElement('li');
		item.textContent = words;
		return item;
	}));
}

function look() {
	const others = [...group.members.values()].map((one) => one.name || 'somebody');
	status.textContent = `${group.state}; with ${others.join(', ') || 'nobody else yet'}`;
	if (group.state === 'joined' && !others.includes(BOT))
		for (const { id, name } of node.nodes.values())
			if (name === BOT)
				group.invite(id, 'please');
}

await node.connect(location.origin.replace(/^http/, 'ws'));
const group = node.group(KEY);
group.on('state', look);
group.on('left', look);
node.on('node-up', look);
group.on('joined', ({ id }) => {
	const own = node.id.replaceAll('-', '');
	for (const line of lines.filter((one) => one.author === own))
		group.send(id, 'line', encode(line)).catch(() => {});   /* it has gone again */
	look();
});
group.on('message', ({ data }) => {
	if (data.length === SIZE)
		insert(decode(data));
});
form.onsubmit = (event) => {
	event.preventDefault();
	const line = { clock: (lines.at(-1)?.clock ?? 0) + 1, author: node.id, words: text.value };
	text.value = '';
	group.broadcast('line', encode(line)).catch((error) => { status.textContent = error.message; });
	insert(line);
};
look();
