// Any node at which members of groups meet.
import { open } from 'leno';
import { say } from './say.mjs';

const node = await open({ network: 'netflux', name: 'meeting' });

say({ uri: await node.listen(`ws://127.0.0.1:${process.argv[2] ?? 0}`) });
