// The data plane without threads: the handler reads the registry itself, on this thread's event loop. A change of the
// registry or the zones is at once a change of the answers, so hardly anything has to be passed on.

import type { ListenFailure } from '../../model/listen.ts';
import { answerMessage, requestsOf } from '../server/answer-message.ts';
import { DnsCounters } from '../server/counters.ts';
import { explain } from '../server/explain.ts';
import { guardsOf } from '../server/guards.ts';
import { createHandler, type Handler, type HandlerDeps } from '../server/handler.ts';
import { OutstandingAnswers } from '../server/outstanding-answers.ts';
import type { Peer } from '../server/peer.ts';
import { QueryTable } from '../server/queries/query-table.ts';
import { listenDns } from '../transport/server.ts';
import { listenTls } from '../transport/tls.ts';
import type { Plane, PlaneOptions } from './plane.ts';
import { QueryDrains } from './query-drains.ts';

const nothing = (): void => {};
const already = Promise.resolve();

/** What the main thread answers itself: it is asked as it would be by a DNS thread. */
async function* delegated(options: PlaneOptions, bytes: Buffer, peer: Peer): AsyncGenerator<Buffer, void, undefined> {
  const reply = await options.delegated?.answer(bytes, peer);
  if (reply !== undefined) yield Buffer.from(reply);
}

interface Kept extends Pick<HandlerDeps, 'counters' | 'outstanding' | 'isReady'> {
  readonly queries: QueryDrains;
}

function handlerOf(options: PlaneOptions, { counters, queries, outstanding, isReady }: Kept): Handler {
  const { zones, clock, cacheOctetsMax, identity } = options;
  const [counts] = queries.counts;
  return createHandler({
    zones,
    counters,
    outstanding,
    cacheOctetsMax,
    identity,
    queries: counts && new QueryTable(counts),
    ...guardsOf(options, counters),
    requests: requestsOf(options.delegated?.opcodes ?? [], (bytes, peer) => delegated(options, bytes, peer)),
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    isReady,
    onFault: (error, question) => options.onFault(error, question),
  });
}

export async function openLocalPlane(options: PlaneOptions): Promise<Plane | ListenFailure> {
  const { zones, live, clock, tcp, tls } = options;
  let isReady = false;
  const counters = new DnsCounters();
  const queries = new QueryDrains(1, options.queryDetail);
  const outstanding = new OutstandingAnswers(clock.monotonicMs());
  const handler = handlerOf(options, { counters, queries, outstanding, isReady: () => isReady });
  const server = await listenDns(options.listens, { handler, counters, tcp });
  if ('failed' in server) return server;
  const secure =
    tls === undefined ? undefined : await listenTls(tls.listens, { handler, counters, tcp, pair: tls.pair });
  if (secure !== undefined && 'failed' in secure) {
    await server.close();
    return secure;
  }
  let closing: Promise<void> | undefined;
  return {
    listens: server.listens,
    tlsListens: secure?.listens ?? [],
    renewCertificate: (pair) => secure?.renew(pair),
    threads: 0,
    transport: 'dgram',
    unavailable: undefined,
    counters,
    isApplied: true,
    drainQueries: (sink) => queries.drain(sink),
    get hasManyQueries() {
      return queries.isFilling;
    },
    get zoneCount() {
      return zones.size;
    },
    apply: (change) => {
      live.changed(change);
      outstanding.changed(change, clock.monotonicMs());
    },
    updateLease: nothing,
    // The view is the registry itself: they are in it until they leave.
    endLeases: nothing,
    serveZone: nothing,
    touched: nothing,
    dropZone: nothing,
    consulNodeChanged: (node) => live.consulNodeChanged(node),
    ready: () => {
      isReady = true;
    },
    applied: () => already,
    answersHeld: async (instance) => outstanding.of(instance, clock.monotonicMs()),
    explain: async (name, type) => explain(name, type, zones, clock.monotonicMs()),
    answer: (bytes, peer) => answerMessage(handler, bytes, peer),
    close: () => {
      closing ??= Promise.all([server.close(), secure?.close()]).then(nothing);
      return closing;
    },
  };
}
