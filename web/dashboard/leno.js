/* leno.js - where the package is, as `leno up --web` serves it beside this page. */
export { open, LenoError, version } from './leno/index.js';
export { decode } from './leno/src/msgpack.js';

/** The core, compiled while people still read and type. Undefined: the package looks for it itself. */
export const core = WebAssembly.compileStreaming(fetch('./leno/leno.wasm')).catch(() => undefined);
