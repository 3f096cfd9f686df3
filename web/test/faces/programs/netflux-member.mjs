// Joins, greets who comes, and says what it hears. With a bot's address it is invited.
import { WebGroup, WebGroupState } from 'leno/netflux';
import { say } from './say.mjs';

const [signalingServer, key, bot] = process.argv.slice(2);
const wg = new WebGroup({ signalingServer });
const big = 'x'.repeat(1_200_000);

wg.onMemberJoin = (id) => {
	say({ joined: id, members: wg.members });
	wg.sendTo(id, 'Hello, my name is Bob');
	wg.sendTo(id, big);
};
wg.onMemberLeave = (id) => say({ left: id, members: wg.members });
wg.onMessage = (id, data) => {
	const text = data.length > 100 ? data.length : data;

	say({ message: [id, typeof data === 'string' ? text : [...data]] });
	if (data === 'leave')
		wg.leave();
};
wg.onStateChange = (state) => {
	say({ state });
	if (state === WebGroupState.JOINED) {
		say({ id: wg.myId, key: wg.key });
		if (bot)
			wg.invite(bot);
		wg.send('Hello everybody. I have just joined the group.');
		wg.send(new Uint8Array([1, 2, 3]));
	}
	if (state === WebGroupState.LEFT)
		say({ gone: [wg.key, wg.id, wg.myId, wg.members] });
};

wg.join(key);
