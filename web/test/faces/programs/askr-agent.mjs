// A microservice: started, stopped and asked for the time by commands.
import { Askr } from 'leno/askr';
import { say } from './say.mjs';

const agentNode = new Askr({ name: 'agent', host: '127.0.0.1' });

agentNode.start().then(() => say({ port: agentNode.port }));

function fetchTime() {
	return { type: 'FETCHED_TIME', payload: Date.now() };
}

let interval;

agentNode.on('start', () => {
	interval = setInterval(() => {
		const event = fetchTime();

		agentNode.emit(event.type, event.payload);
	}, 50);
});
agentNode.on('stop', () => {
	clearInterval(interval);
	say({ stopped: true });
});
agentNode.on('fetch', async (event, peer) => {
	say({ fetch: [event ?? null, peer.id] });
	return fetchTime();
});
