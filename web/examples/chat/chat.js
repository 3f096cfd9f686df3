// chat.js - a chat between tabs and a terminal. Open it twice, and in a terminal:
//
//     leno listen chat                  what is said here
//     leno broadcast chat 'hello'       say something, too
import { open } from '/leno/index.js';

const LINES = 500;
const query = new URLSearchParams(location.search);
const node = await open({ network: query.get('network') ?? 'default',
	name: query.get('name') ?? `tab-${Math.random().toString(36).slice(2, 6)}` });
const [status, said, form, text] = ['status', 'said', 'form', 'text']
	.map((id) => document.getElementById(id));

function show(who, what) {
	const line = document.createElement('li'), name = document.createElement('b');
	name.textContent = `${who}: `;
	line.append(name, what);
	said.append(line);
	if (said.childElementCount > LINES)
		said.firstElementChild.remove();
}

function count() {
	status.textContent = `${node.name}, among ${node.nodes.size} others`;
}

form.onsubmit = async (event) => {
	event.preventDefault();
	const what = text.value;
	text.value = '';
	show('you', what);
	await node.broadcast('chat', what).catch((error) => show('(not sent)', error.message));
};
node.on('node-up', count);
node.on('node-down', count);

await node.connect(location.origin.replace(/^http/, 'ws'));
count();
for await (const message of node.messages('chat'))
	show(node.nodes.get(message.from)?.name || 'terminal', message.text);
