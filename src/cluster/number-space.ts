// The cluster's numbers: the key that says from which one they count. The first node of all makes it.

import { randomBytes } from 'node:crypto';
import { lifeTokenFrom } from '../model/life.ts';
import type { ClusterDeps, ClusterSettings } from './cluster-options.ts';
import { type Fault, isFault } from './engine.ts';
import { firstMeta, type Meta, metaText, parseMeta } from './epoch.ts';
import { metaKey, serialKey } from './keys.ts';

const swapMs = 3000;
const encoder = new TextEncoder();

/** A problem is a sentence for a person. */
export async function numberSpace(
  { engine, clock, registry }: ClusterDeps,
  { prefix, node }: ClusterSettings,
): Promise<Meta | { readonly problem: string } | Fault> {
  const key = prefix + metaKey;
  for (;;) {
    const read = await engine.read(key);
    if (isFault(read)) return read;
    if (read.entry !== undefined) {
      const meta = parseMeta(read.entry.value, read.entry.modRevision);
      if (!Array.isArray(meta)) return meta;
      return { problem: `Cannot read ${key} in etcd: ${meta[0]?.field} ${meta[0]?.message}` };
    }
    const incarnation = randomBytes(6).toString('hex');
    const meta = firstMeta(registry.revision, clock.wallMs() / 1000, lifeTokenFrom(randomBytes(8)), incarnation);
    const put = { key, value: encoder.encode(metaText(meta)) };
    const swap = { conditions: [{ key, is: 'absent' } as const], writes: [put], reads: [], isOwn: () => false };
    const serial = { key: prefix + serialKey, value: encoder.encode(node) };
    const reply = await engine.swap({ swaps: [swap], puts: [serial] }, swapMs);
    if (isFault(reply)) return reply;
  }
}
