/* leno.js - where the package is, as `leno up --web` serves it beside this page. */
export { open, LenoError, version } from './leno/index.js';
export { decode } from './leno/src/msgpack.js';
