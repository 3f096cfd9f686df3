// Listens, greets, replies, offers functions, and lets its peers reach each other.
import AnySocket from 'leno/anysocket';
import { say } from './say.mjs';

const server = new AnySocket();

server.onAuth = ({ auth }) => auth.word !== 'wrong';
server.canProxy = () => process.argv[2] === 'proxy';
server.setRPC({
	hello: {
		world: {
			user: (name, peer) => Promise.resolve(`Hello World, ${name} (${typeof peer.id})`)
		}
	},
	reverse: (bytes) => bytes.reverse(),
	fail() {
		throw new Error('on purpose');
	}
});
server.on('connected', async (peer) => {
	say({ connected: peer.id });
	const { rtt, offset, time } = await peer.getSyncedTime();

	say({ clock: [rtt < 1000, Math.abs(offset) < 1000, Math.abs(time - Date.now()) < 2000] });
	peer.send({ hello: 'world' });
});
server.on('message', (packet) => {
	say({ message: packet.msg });
	packet.reply({ answer: packet.msg });
});
server.on('e2e', (peer) => say({ e2e: peer.isE2EEnabled() }));
server.on('disconnected', (peer, reason) => say({ disconnected: peer.id, reason }));

const uri = await server.listen('ws', { ip: '127.0.0.1', port: 0 });

say({ port: Number(new URL(uri).port) });
