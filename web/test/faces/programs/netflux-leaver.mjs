// Joins, waits for a member, and leaves.
import { WebGroup, WebGroupState } from 'leno/netflux';
import { say } from './say.mjs';

const [signalingServer, key] = process.argv.slice(2);
const wg = new WebGroup({ signalingServer });

wg.onMemberJoin = () => setTimeout(() => wg.leave(), 200);
wg.onStateChange = (state) => {
	if (state === WebGroupState.LEFT)
		say({ gone: [wg.key, wg.id, wg.myId, wg.members] });
	say({ state });
};
wg.join(key);
