// open.js - a node from its options: secret, identity, certificate, and the module itself.
import { decode, fromBase64url, fromHex, toHex } from './bytes.js';
import { Core } from './core.js';
import { dialers, finders } from './dialers/registry.js';
import { expire } from './emitter.js';
import { LenoError, check, numberOf } from './errors.js';
import { LenoNode } from './leno_node.js';
import { Pump } from './pump.js';
import { openKeeper } from './keeper.js';

const TEXT = { network: 1, name: 2, label: 3, hearsay: 5 };
const NUMBER = { endpoint: 1, observer: 2, heartbeat: 3, memoryMax: 4, messageMax: 5, queueMax: 6,
	noDirect: 7, logLevel: 8, sessionLinger: 13 };
const BYTES = { secret: 1, networkKey: 2, certificate: 3, invitation: 4, revocations: 5 };
const LEVELS = ['error', 'warn', 'info', 'debug'];
const SECRET_HEAD = 'leno secret 1 ', SECRET = /^leno secret 1 ([0-9a-f]{64})\s*$/i;
const KEY = 32;

const modules = new Map();

/** Compiled once for each place. */
function compile(wasm, platform) {
	if (wasm instanceof WebAssembly.Module)
		return wasm;
	if (wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm))
		return WebAssembly.compile(wasm);
	const url = String(wasm ?? platform.wasm);
	if (!modules.has(url)) {
		const module = platform.load(url).catch((error) => {
			modules.delete(url);
			throw new LenoError('SYSTEM', `no leno.wasm at ${url}: ${error.message}`);
		});
		modules.set(url, module);
	}
	return modules.get(url);
}

export function createSecret() {
	return SECRET_HEAD + toHex(crypto.getRandomValues(new Uint8Array(KEY)));
}

async function secretBytes(secret, network, platform) {
	if (secret instanceof Uint8Array && secret.length === KEY)
		return secret;
	const text = typeof secret === 'string' ? secret : decode(secret);
	const found = SECRET.exec(text);
	if (found)
		return fromHex(found[1]);
	if (text.startsWith(SECRET_HEAD.slice(0, -3)))
		throw new LenoError('ARGUMENT', 'the secret is damaged, or of a later version');
	return platform.stretch(network, text);
}

function setOptions(core, options) {
	const text = (which, value) =>
		check(core.x.wasm_option_text(which, core.put(core.text(value))[0]));
	text(TEXT.network, options.network ?? 'default');
	if (options.name)
		text(TEXT.name, options.name);
	if (options.hearsay !== undefined)
		text(TEXT.hearsay, options.hearsay);
	for (const [key, value] of Object.entries(options.labels ?? {}))
		text(TEXT.label, `${key}=${value}`);
	for (const [key, which] of Object.entries(NUMBER)) {
		const value = key === 'logLevel' ? LEVELS.indexOf(options[key] ?? 'warn') : options[key];
		if (value !== undefined)
			check(core.x.wasm_option_number(which, Number(value)));
	}
}

const setBytes = (core, which, bytes) =>
	check(core.x.wasm_option_bytes(which, core.put(bytes)[0], bytes.length));

function writeLog(level, line) {
	(level === 'error' ? console.error : console.warn)(`leno: ${line}`);
}

/** What an invitation says: network, name, role, expires, addresses, key. */
function readInvitation(core, text) {
	if (!text.startsWith('leno:'))
		throw new LenoError('ARGUMENT', 'an invitation begins with "leno:"');
	const bytes = fromBase64url(text.slice('leno:'.length).trim());
	const size = core.x.wasm_invited(core.put(bytes)[0], bytes.length);
	const [[network, name, , , addresses, key]] = core.list(size);
	return { bytes, network, name, addresses, key };
}

/** One life: with a certificate, an invitation, or neither. */
async function begin(options, platform, module, keeper, papers) {
	const core = await Core.create(module);
	const network = papers?.network ?? options.network ?? 'default';
	const name = options.name ?? papers?.name ?? '';
	setOptions(core, { ...options, network, name, hearsay: platform.hearsay?.(options) });
	if (options.secret !== undefined)
		setBytes(core, BYTES.secret, await secretBytes(options.secret, network, platform));
	if (papers) {
		setBytes(core, BYTES.networkKey, papers.key);
		setBytes(core, papers.certificate ? BYTES.certificate : BYTES.invitation,
			papers.certificate ?? papers.bytes);
		if (keeper.revoked)
			setBytes(core, BYTES.revocations, keeper.revoked);
	}
	const seed = crypto.getRandomValues(new Uint8Array(2 * KEY));
	seed.set(keeper.identity, KEY);
	const [at] = core.put(seed);
	check(core.x.wasm_open(at, keeper.incarnation(), Date.now(), Pump.now()));
	let tell;
	const here = new Map([...platform.dialers, ...dialers]);
	const pump = new Pump(core, here, (e) => tell(e), platform.beforeOutside,
		options.log ?? writeLog);
	const inner = { network, name, keeper, dialers: here,
		finders: new Map([...platform.finders, ...finders]), listen: platform.listen,
		origins: options.origins ?? [],
		webrtc: options.webrtc ?? true, log: options.log ?? writeLog,
		open: options.anonymous || options.secret !== undefined || papers !== undefined,
		tell: (fn) => { tell = fn; },
		begin(node, parts) {
			if (!papers || papers.certificate)
				platform.begin?.(node, parts, options);
		} };
	const node = new LenoNode(core, pump, inner);
	keeper.onfail = () => {
		if (!core.closed)
			core.x.wasm_store_failed(numberOf('FILE'));
		pump.touch();
	};
	pump.touch();
	return node;
}

/** By what the invitation is known again for which there is a certificate: 64 bits of FNV-1a, and
 * nothing that could be used once more. */
function markOf(invitation) {
	let hash = 0xcbf29ce484222325n;
	for (const unit of invitation.trim())
		hash = BigInt.asUintN(64, (hash ^ BigInt(unit.codePointAt(0))) * 0x100000001b3n);
	return hash.toString(16);
}

/** Another one than that for which these papers were got: they may have expired since. */
const isNew = (invitation, papers) => !papers || papers.of !== markOf(invitation);

/** Exchanges an invitation for a certificate, by a node that can do nothing else. */
async function admit(options, platform, module, keeper, papers) {
	const guest = await begin(options, platform, module, keeper, papers);
	const at = [options.invitationAt ?? papers.addresses].flat();
	let off;
	try {
		return await new Promise((resolve, reject) => {
			let certificate;
			guest.on('certificate', (bytes) => { certificate = bytes; });
			guest.on('admitted', (error) => {
				if (error < 0)
					reject(new LenoError('CERTIFICATE'));
				else
					resolve({ ...papers, certificate, bytes: undefined });
			});
			off = expire({ signal: options.signal }, reject);
			if (at.length === 0)
				reject(new LenoError('ARGUMENT', 'the invitation names nobody who lets in'));
			for (const uri of at)
				guest.connect(uri).catch(reject);
		});
	} finally {
		off?.();
		await guest.close();
	}
}

export async function openNode(given, platform) {
	// What another node says may lead anywhere: a platform says what it dials of that.
	const options = { noDirect: !platform.hearsay, ...given };
	options.signal?.throwIfAborted();
	const module = await compile(options.wasm, platform);
	const keeper = await openKeeper(options, platform);
	try {
		let papers = keeper.papers;
		if (options.invitation && isNew(options.invitation, papers)) {
			const core = await Core.create(module);
			papers = readInvitation(core, options.invitation);
			papers = await admit(options, platform, module, keeper, papers);
			papers.of = markOf(options.invitation);
			await keeper.keepPapers(papers);
		}
		options.signal?.throwIfAborted();
		const node = await begin(options, platform, module, keeper, papers);
		if (options.signal?.aborted)
			await node.close();
		options.signal?.throwIfAborted();
		return node;
	} catch (error) {
		await keeper.close();
		throw error;
	}
}
