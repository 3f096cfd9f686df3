// Two nodes of one program, each at a port of its own; what one emits, the other hears.
import { Askr } from 'leno/askr';
import { say } from './say.mjs';

const node1 = new Askr({ host: '127.0.0.1' });
const node2 = new Askr({ host: '127.0.0.1' });

await node1.start();
node1.on('myCommand.myAction', (event) => {
	say({ event });
	process.exit(0);
});
await node2.start();
say({ ports: [node1.port, node2.port] });
await node2.addPeer('localhost', node1.port);
await new Promise((resolve) => setTimeout(resolve, 500));
node2.emit('myCommand.myAction', { value: 'This is a test event from Node2' });
