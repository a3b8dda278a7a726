// What a large app keeps of an instance as numbers: a byte of marks for what it has and why it takes no traffic, and a key that
// puts it in order: its priority, then a hash of its label, so that all threads and nodes have the same order.

import type { Instance } from '../../../model/instance.ts';
import { mixed, textHash } from '../../../runtime/text-hash.ts';
import { RRType } from '../../message/message.ts';
import { httpsPortNames, svcbPortNames } from './service-ports.ts';
import { priorityRange } from './slot-chunk.ts';
import { whyWaiting } from './waiting-note.ts';

/** Bits of what an instance has; of one that takes no traffic, why. */
export const bit = { up: 0, ipv4: 1, ipv6: 2, https: 3, svcb: 4, critical: 5, unchecked: 6, drained: 7 } as const;

/** Of a type, the bit of those that are up and have it; all have SRV and TXT. */
export const bitOfType = new Map<number, number>([
  [RRType.A, bit.ipv4],
  [RRType.AAAA, bit.ipv6],
  [RRType.HTTPS, bit.https],
  [RRType.SVCB, bit.svcb],
]);

const secondHashStart = 0x2545f491;

/** 16 bits of priority, then 37 of the label's hash: as many as a number has. */
export function keyOf({ priority, label }: Instance): number {
  const low = mixed(textHash(label));
  const high = mixed(textHash(label, secondHashStart)) & 31;
  return priority * priorityRange + high * 2 ** 32 + low;
}

export function bitsOf(instance: Instance): number {
  const { status, addrs } = instance;
  if (status !== 'up') {
    const why = whyWaiting(instance);
    return why === undefined ? 0 : 1 << bit[why];
  }
  let bits = 1 << bit.up;
  for (const { family, portName } of addrs) {
    if (family !== 'name') bits |= 1 << (family === 4 ? bit.ipv4 : bit.ipv6);
    if (svcbPortNames.has(portName)) bits |= 1 << bit.svcb;
    if (httpsPortNames.has(portName)) bits |= 1 << bit.https;
  }
  return bits;
}
