// Connects, and tries what a peer can do. With a word: shows that; with a peer's id: by proxy.
import AnySocket from 'leno/anysocket';
import { say } from './say.mjs';

const [port, word, other] = process.argv.slice(2);
const client = new AnySocket();

client.authPacket = () => ({ word });
client.on('message', (packet) => say({ message: packet.msg }));
client.on('connected', (peer) => say({ connected: peer.id }));
client.on('disconnected', (peer, reason) => say({ disconnected: peer.id, reason }));

try {
	const peer = await client.connect('ws', '127.0.0.1', Number(port));

	say({ id: client.id, has: [client.hasPeer(peer.id), client.hasDirectPeer(peer.id)] });
	if (word === 'ask') {
		say({ reply: (await peer.send('question', true)).msg });
		say({ rpc: await peer.rpc.hello.world.user('LynxAegon') });
		say({ bytes: [...await peer.rpc.reverse(new Uint8Array([1, 2, 3]))] });
		say({ error: await peer.rpc.fail().catch((error) => error) });
		say({ none: await peer.rpc.constructor('x').catch((error) => error.code) });
		say({ before: peer.isE2EEnabled() });
		await peer.e2e();
		say({ after: peer.isE2EEnabled() });
		await peer.disconnect('enough');
	}
	if (other) {
		const proxied = await client.proxy(other, peer.id);

		say({ proxied: [proxied.id, proxied.isProxy(), client.hasDirectPeer(other)] });
		proxied.send({ by: 'proxy' });
	}
} catch (error) {
	say({ refused: error.code });
}
