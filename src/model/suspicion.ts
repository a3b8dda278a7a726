// Why an instance is answered with a TTL of a second whose lease another node of the cluster runs: that node was not heard,
// since a time that moves on while nothing changes, or has reported that the lease ends soon or that its guard keeps the
// instance. It goes with the lease through the change stream and between threads as text, like the reasons of this node's own
// guard; its text is made with the time of the answer.

export type RemoteSuspicion =
  /** `sinceMs`: on the lease clock, monotonic milliseconds. After `staleAfterMs` an answer with it is out of date. */
  | { readonly kind: 'unheard'; readonly owner: string; readonly sinceMs: number; readonly staleAfterMs: number }
  | { readonly kind: 'marked'; readonly owner: string };

const form = /^(?:unheard ([a-z0-9.-]{1,63}) (-?\d+) (\d+)|marked ([a-z0-9.-]{1,63}))$/;

export function suspicionText(suspicion: RemoteSuspicion): string {
  if (suspicion.kind === 'marked') return `marked ${suspicion.owner}`;
  const { owner, sinceMs, staleAfterMs } = suspicion;
  return `unheard ${owner} ${Math.floor(sinceMs)} ${staleAfterMs}`;
}

/** Undefined: it is a reason in words. */
export function suspicionIn(text: string): RemoteSuspicion | undefined {
  const [, unheard, sinceMs, staleAfterMs, marked] = form.exec(text) ?? [];
  if (marked !== undefined) return { kind: 'marked', owner: marked };
  if (unheard === undefined) return undefined;
  return { kind: 'unheard', owner: unheard, sinceMs: Number(sinceMs), staleAfterMs: Number(staleAfterMs) };
}
