// registry.js - who dials what, and who finds others: scheme -> function. A node takes what is
// here when it is opened.

/** scheme -> async (uri, { signal, node, hearsay, beside }) -> pipe */
export const dialers = new Map();

/** scheme -> (uri, node) -> what stops it */
export const finders = new Map();

/** A dialer whose property `hearsay` is true dials what other nodes say, too: it promises that
 * nothing can be reached by that but other nodes. Only with one of these do nodes make links by
 * themselves. */
export function registerDialer(scheme, dial) { dialers.set(scheme, dial); }
export function registerFinder(scheme, find) { finders.set(scheme, find); }
