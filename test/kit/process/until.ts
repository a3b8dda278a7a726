// Waiting for something to become true, by asking again and again within a bound: no test sleeps and hopes.

import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Resolves with the first answer that is not undefined or false; rejects with `what` was awaited. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  { withinMs = 30_000, everyMs = 20 }: Patience = {},
): Promise<Exclude<Answer, undefined | false>> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<Answer, undefined | false>;
    if (performance.now() > endsAt) throw new Error(`${withinMs} ms passed without ${what}`);
    await sleep(everyMs);
  }
}
