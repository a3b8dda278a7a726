// Instances made in a line, for what chooses among them.

import { compactInstance } from '../../../src/model/compact-instance.ts';
import { type Instance, parseRegistration, type Registration } from '../../../src/model/instance.ts';

export interface Placed {
  readonly instance: Instance;
}

/** An instance of `prod/orders` with that id. */
export function placed(id: string, fields: Readonly<Record<string, unknown>> = {}): Placed {
  const body = { addrs: ['http://10.0.0.1:80'], ...fields };
  const registration = parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
  return { instance: compactInstance({ env: 'prod', appid: 'orders' }, id, id.toLowerCase(), registration) };
}

export function idsOf(items: readonly Placed[]): string[] {
  return items.map(({ instance }) => instance.instance);
}

/** The same numbers in [0, 1) every time (mulberry32): a test of chance that never fails by chance. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
