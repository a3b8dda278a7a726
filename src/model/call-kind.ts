// The kinds of HTTP calls whose time is measured apart: a fleet renews all the time, and must be able to do so at once.

export const callKinds = ['renewal', 'write', 'read'] as const;
export type CallKind = (typeof callKinds)[number];
