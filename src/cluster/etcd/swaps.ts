// A group of compare-and-swaps as one transaction of etcd's: an outer one without a condition, in it a nested one for each
// swap, so that each has a verdict of its own and all share one fsync. etcd counts operations along a path (outer and
// nested together, 128) and refuses a whole group in which two operations write one key.

import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type Fault,
  isFault,
  type Swap,
  type SwapGroup,
  type SwapReply,
  type SwapVerdict,
  type Write,
} from '../engine.ts';
import { type Connection, persistently } from './connection.ts';
import type { CompareSchema, RequestOpSchema, ResponseOp, TxnResponse } from './generated/kv_pb.ts';
import { bytesOf, entryOf } from './ranges.ts';
import { compareResult, compareTarget, rpcs } from './rpcs.ts';

/** etcd's --max-txn-ops. */
const operationsMax = 128;
/** A call in flight when the leader dies hangs; then it is sent again. */
const attemptMs = 2000;

type OpInit = MessageInitShape<typeof RequestOpSchema>;
type CompareInit = MessageInitShape<typeof CompareSchema>;

/** Why etcd would refuse the group; undefined where it would not. */
export function groupFault({ swaps, puts }: SwapGroup): string | undefined {
  const outer = swaps.length + puts.length;
  if (outer === 0) return 'a group must hold something';
  const nested = Math.max(0, ...swaps.map(({ writes, reads }) => Math.max(writes.length, reads.length)));
  if (outer + nested > operationsMax)
    return `a group may hold ${operationsMax} operations, outer and nested together: ${outer} and ${nested}`;
  const seen = new Set<string>();
  for (const { key } of [...puts, ...swaps.flatMap(({ writes }) => writes)]) {
    if (seen.has(key)) return `two operations of a group write ${key}`;
    seen.add(key);
  }
  return undefined;
}

/** Sends the group until there is a reply, for at most `withinMs`; a swap that won unseen is found by its own id. */
export async function swapGroup(
  connection: Connection,
  group: SwapGroup,
  withinMs: number,
): Promise<SwapReply | Fault> {
  const detail = groupFault(group);
  if (detail !== undefined) return { fault: 'refused', detail };
  const success = [...group.swaps.map(nestedOp), ...group.puts.map(writeOp)];
  let sent = false;
  const reply = await persistently(connection, withinMs, async (leftMs) => {
    const one = await connection.call(rpcs.txn, { success }, Math.min(attemptMs, leftMs));
    if (isFault(one) && one.fault === 'unavailable') sent ||= one.sent;
    return one;
  });
  if (isFault(reply)) return reply.fault === 'unavailable' ? { ...reply, sent } : reply;
  return readReply(group, reply);
}

function readReply({ swaps }: SwapGroup, { header, responses }: TxnResponse): SwapReply {
  return {
    revision: Number(header?.revision ?? 0n),
    verdicts: swaps.map((swap, index) => verdictOf(swap, responses[index])),
  };
}

function verdictOf({ isOwn }: Swap, response: ResponseOp | undefined): SwapVerdict {
  const nested = response?.response;
  if (nested?.case !== 'responseTxn') throw new Error('etcd answered a nested transaction with something else');
  if (nested.value.succeeded) return { verdict: 'won' };
  const found = nested.value.responses.flatMap(({ response: one }) =>
    one.case === 'responseRange' ? one.value.kvs.map(entryOf) : [],
  );
  return isOwn(found) ? { verdict: 'own-reply-lost' } : { verdict: 'lost', found };
}

function nestedOp({ conditions, writes, reads }: Swap): OpInit {
  const value = { compare: conditions.map(compareOf), success: writes.map(writeOp), failure: reads.map(readOp) };
  return { request: { case: 'requestTxn', value } };
}

function compareOf(condition: Swap['conditions'][number]): CompareInit {
  const key = bytesOf(condition.key);
  const result = compareResult.equal;
  switch (condition.is) {
    case 'at': {
      const value = BigInt(condition.modRevision);
      return { key, result, target: compareTarget.mod, targetUnion: { case: 'modRevision', value } };
    }
    case 'absent':
      return { key, result, target: compareTarget.create, targetUnion: { case: 'createRevision', value: 0n } };
    case 'leased':
      return { key, result, target: compareTarget.lease, targetUnion: { case: 'lease', value: condition.lease } };
  }
}

function writeOp(write: Write): OpInit {
  const key = bytesOf(write.key);
  if (write.value === undefined) return { request: { case: 'requestDeleteRange', value: { key } } };
  // The generated types want an array over a buffer of its own, which a Buffer is not; it is only read.
  const value = write.value as Uint8Array<ArrayBuffer>;
  return { request: { case: 'requestPut', value: { key, value, lease: write.lease ?? 0n } } };
}

function readOp(key: string): OpInit {
  return { request: { case: 'requestRange', value: { key: bytesOf(key), limit: 1n } } };
}
