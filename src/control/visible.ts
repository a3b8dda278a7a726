// No reply of a front is ahead of DNS: it waits until DNS shows all changes that were made before it, its own
// and those of others. Otherwise a caller that gets a 404, or sees a change in a listing or a long poll, could ask DNS
// and find what was before. Writes settle only when they are visible (commands.ts); watches, whose replies go on and on,
// wait with every change (http/watch/visible-changes.ts).

/** Settles once DNS shows all changes so far; undefined: it does. Called with every reply. */
export type Visible = () => Promise<void> | undefined;
