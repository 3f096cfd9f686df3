/* serve.mjs - the dashboard with the fake package behind it, at a port of its own, under the
 * policy that `leno up --web` sends: `node serve.mjs [PORT]` to look at it. */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript',
	'.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };
const PAGE = new URL('../../dashboard/', import.meta.url), FAKE = new URL('./', import.meta.url);
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'";

/* A module with nothing in it. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Resolves with {port, close()}. */
export function serve(port = 0) {
	const server = createServer(async (request, response) => {
		const { pathname } = new URL(request.url, 'http://here');
		const file = pathname === '/' ? new URL('index.html', PAGE)
			: pathname.startsWith('/leno/') ? new URL(`.${pathname.slice(5)}`, FAKE)
			: new URL(`.${pathname}`, PAGE);
		try {
			const body = pathname.endsWith('.wasm') ? EMPTY : await readFile(fileURLToPath(file));
			response.writeHead(200, { 'content-type': TYPES[extname(file.pathname)] ?? 'text/plain',
				'content-security-policy': POLICY });
			response.end(body);
		} catch {
			response.writeHead(404).end();
		}
	});
	return new Promise((done) => server.listen(port, '127.0.0.1', () =>
		done({ port: server.address().port, close: () => server.close() })));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	console.log(`http://127.0.0.1:${(await serve(Number(process.argv[2] ?? 0))).port}/?nodes=60`);
