// registry.js - who dials what, and who finds others: scheme -> function. A node takes what is
// here when it is opened.

/** scheme -> async (uri, { signal, node, hearsay, beside }) -> pipe */
export const dialers = new Map();

/** scheme -> (uri, node, { doors, open, keep, drop }) -> what stops it */
export const finders = new Map();

export function registerDialer(scheme, dial) { dialers.set(scheme, dial); }
export function registerFinder(scheme, find) { finders.set(scheme, find); }
