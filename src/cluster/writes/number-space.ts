// The cluster's numbers: the key with the base from which they count. The first node of all makes it; a node that has used
// a higher number than the cluster would use next raises it.

import { randomBytes } from 'node:crypto';
import type { ClusterDeps, ClusterSettings } from '../cluster-options.ts';
import { type Fault, isFault } from '../engine.ts';
import { firstMeta, isDamaged, type Meta, metaText, parseMeta, raised, serialText } from '../records/epoch.ts';
import { metaKey, serialKey } from '../records/keys.ts';

const swapMs = 3000;
const encoder = new TextEncoder();

/** A problem is a sentence for a person. `life`: the cluster's, as this node knew it: its numbers go on after a wipe. */
export async function numberSpace(
  { engine, clock, registry, newLife }: ClusterDeps,
  { prefix, node }: ClusterSettings,
  life: string | undefined,
): Promise<Meta | { readonly problem: string } | Fault> {
  const key = prefix + metaKey;
  for (;;) {
    const read = await engine.read(key);
    if (isFault(read)) return read;
    if (read.entry !== undefined) {
      const meta = parseMeta(read.entry.value, read.entry.modRevision);
      if (!Array.isArray(meta)) return meta;
      const why = `${meta[0]?.field} ${meta[0]?.message}`.trimStart();
      const remedy = isDamaged(meta) ? 'delete the key, and a node makes it anew' : 'start the version that wrote it';
      return { problem: `Cannot read ${key} in etcd: ${why}. To do: ${remedy}` };
    }
    const meta = firstMeta(registry.revision, clock.wallMs() / 1000, life ?? newLife(), newIncarnation());
    const put = { key, value: encoder.encode(metaText(meta)) };
    const swap = { conditions: [{ key, is: 'absent' } as const], writes: [put], reads: [], isOwn: () => false };
    const serial = { key: prefix + serialKey, value: encoder.encode(serialText(node, 0)) };
    const reply = await engine.swap({ swaps: [swap], puts: [serial] }, swapMs);
    if (isFault(reply)) return reply;
  }
}

/**
 * All numbers of the cluster from then on are higher than `used`. The revision at which that is so; `undefined`: others were
 * faster, try again. `incarnation`: a new one, where etcd's history is another than the cluster has followed.
 */
export async function raiseBase(
  { engine }: Pick<ClusterDeps, 'engine'>,
  { prefix, node }: Pick<ClusterSettings, 'prefix' | 'node'>,
  used: number,
  incarnation?: string,
): Promise<{ readonly revision: number | undefined } | Fault> {
  const key = prefix + metaKey;
  const read = await engine.read(key);
  if (isFault(read)) return read;
  const meta = read.entry === undefined ? undefined : parseMeta(read.entry.value, read.entry.modRevision);
  if (read.entry === undefined || meta === undefined || Array.isArray(meta))
    return { fault: 'refused', detail: `${key} in etcd is missing or cannot be read` };
  const higher = raised(meta, used, read.revision);
  const put = { key, value: encoder.encode(metaText({ ...higher, incarnation: incarnation ?? meta.incarnation })) };
  const { modRevision } = read.entry;
  const swap = { conditions: [{ key, is: 'at', modRevision } as const], writes: [put], reads: [], isOwn: () => false };
  const serial = { key: prefix + serialKey, value: encoder.encode(serialText(node, 0)) };
  const reply = await engine.swap({ swaps: [swap], puts: [serial] }, swapMs);
  if (isFault(reply)) return reply;
  return { revision: reply.verdicts[0]?.verdict === 'won' ? reply.revision : undefined };
}

export function newIncarnation(): string {
  return randomBytes(6).toString('hex');
}
