import type { Value } from './index.js';

/** One value as MessagePack. TypeError: it has no such form. */
export function encode(value: Value): Uint8Array;

/** The value that these bytes hold, exactly. LenoError PROTOCOL: they are not one value. */
export function decode(bytes: Uint8Array): Value;
/** The same of what somebody else has said: the bytes, when it is no MessagePack. */
export function decodeOrBytes(bytes: Uint8Array): any;
