// Processes of one machine: one leads, and opens a TCP transport for all.
import { AnonymousAuth, MachineLocalTransport, Network, TCPTransport } from 'leno/ataraxia';
import { say } from './say.mjs';

const net = new Network({ name: process.argv[2] });

net.addTransport(new MachineLocalTransport({
	onLeader: () => {
		say({ leader: true });
		net.addTransport(new TCPTransport({
			host: '127.0.0.1',
			authentication: [new AnonymousAuth()]
		}));
	}
}));
net.onNodeAvailable((node) => say({ available: node.id }));
net.onNodeUnavailable((node) => say({ unavailable: node.id }));

await net.join();
say({ id: net.networkId });
