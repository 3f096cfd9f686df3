// Two servers of one program count together; then both have connected to each other, and one
// disconnects: who keeps the other connects again.
import Server from 'leno/masterless';
import { say } from './say.mjs';

const left = new Server('e4663c9c3f9a89112afc48389a951e09', { host: '127.0.0.1' });
const right = new Server('b073a8ee09e1daca57e9d54a5efe5684', { host: '127.0.0.1' });

function onmessage(sender, packet) {
	if (packet.type !== 'counter')
		return say({ other: [this.id, sender, packet] });
	if (packet.total >= 300)
		return say({ counted: packet.total });
	this.send(sender, { type: 'counter', total: packet.total + 1 });
}

say({ before: left.info() });
left.on('listening', (info) => {
	say({ listening: info === left.info() });
	right.connect(info);
});
right.once('connect', (id) => {
	say({ connect: id });
	right.send(id, { type: 'counter', total: 0 });
});
left.on('message', onmessage);
right.on('message', onmessage);
left.once('connect', () => {
	say({ none: right.send('not-a-valid-node', { not: 'sent' }) });
	left.on('disconnect', (id) => say({ lost: id }));
	left.on('connect', (id) => say({ again: id }));
	setTimeout(() => right.disconnect(left.id), 1000);
});
