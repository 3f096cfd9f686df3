// Sends one packet to all whose addresses it was given.
import Server from 'leno/masterless';
import { say } from './say.mjs';

const server = new Server('sender', { host: '127.0.0.1' });
const there = [];

server.on('listening', () => process.argv.slice(2).forEach((info) => server.connect(info)));
server.on('connect', (id) => {
	there.push(id);
	if (there.length === 2)
		say({ dispatched: server.send(there, { multiple: 'dispatch' }) });
});
