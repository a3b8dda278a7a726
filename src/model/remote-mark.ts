// What the node that runs the lease of an instance has reported of it, at the others: nothing, so that it is on time; that the
// lease ends then, on the lease clock of the node that heard it; or that it is not known to live any more, being kept beyond
// its lease or run by a node that is silent.

export type RemoteMark = 'on-time' | 'suspect' | { readonly endsMs: number };
