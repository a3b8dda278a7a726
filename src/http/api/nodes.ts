// `GET /nodes` and `DELETE /nodes/{node}`: who is in the cluster, and striking off one that will not come back. There are
// these calls on nodes of a cluster alone.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ReadView } from '../../control/read-view.ts';
import { type ClusterStatus, type ClusterView, clusterCounts } from '../../model/cluster-status.ts';
import { isoTime } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import { refusalOf } from './refusals.ts';
import { problemAnswer } from './schemas.ts';

const orNull = (type: 'string' | 'number', description: string) =>
  Type.Union([type === 'string' ? Type.String() : Type.Number(), Type.Null()], { description });

const nodesReply = Type.Object({
  node: Type.String({ description: 'This one.' }),
  mode: Type.String({ description: 'ap or cp: the registry is in etcd; peers: each node has it.' }),
  state: Type.String({ description: 'joined; cut: it answers, and writes and removes nothing; starting; rewound.' }),
  why: Type.String({ description: 'Why it is not joined.' }),
  since: Type.String({ format: 'date-time' }),
  revision: Type.Integer({
    description:
      'What this node has applied: of two nodes the smaller one is behind (in mode peers each counts by itself).',
  }),
  orphans: Type.Integer({ description: 'Instances of dead nodes.' }),
  executorFor: Type.Array(Type.String(), { description: 'Dead nodes whose instances this one lets go.' }),
  watchSilentSeconds: Type.Number({
    description: 'Since etcd was heard; in mode peers, the changes of a living node.',
  }),
  sessionLeftSeconds: Type.Number({ description: 'Until when the session is proven.' }),
  etcd: Type.Union([
    Type.Object({
      endpoint: Type.String(),
      version: Type.String(),
      databaseBytes: Type.Integer(),
      databaseUsedBytes: Type.Integer(),
      outOfSpace: Type.Boolean({ description: 'Its quota is used up: nothing can be written.' }),
    }),
    Type.Null({ description: 'It does not answer, or there is none.' }),
  ]),
  counts: Type.Object(
    Object.fromEntries(
      Object.entries(clusterCounts).map(([name, description]) => [name, Type.Integer({ description })]),
    ),
  ),
  nodes: Type.Array(
    Type.Object({
      node: Type.String(),
      state: Type.String(),
      owned: Type.Integer({ description: 'Instances whose leases it runs.' }),
      url: orNull('string', 'Where the other nodes reach it.'),
      version: orNull('string', 'Of rollcall.'),
      startedAt: orNull('string', 'RFC 3339.'),
      heardSecondsAgo: orNull('number', 'Since its last hello.'),
      clockSkewSeconds: Type.Number({ description: 'By how much its clock is ahead.' }),
      missed: Type.Boolean({ description: 'It died without a word: no drain is safe until it is back or struck off.' }),
    }),
  ),
});

export function addNodeRoutes(scope: FastifyInstance, cluster: ClusterView, view: Pick<ReadView, 'revision'>): void {
  const read = {
    summary: 'Nodes of the cluster: who is there, owns what, and since when',
    tags: ['operations'],
    response: { 200: nodesReply, '4xx': problemAnswer },
  };
  scope.get('/nodes', { schema: read }, (_request, reply) => {
    reply.header('cache-control', 'no-store').send({ ...documentOf(cluster.status()), revision: view.revision });
  });

  const remove = {
    summary: 'Strike off a node that died and will not come back',
    tags: ['operations'],
    params: Type.Object({ node: Type.String() }),
    response: { 204: Type.Null(), '4xx': problemAnswer },
  };
  scope.delete(
    '/nodes/:node',
    { schema: remove, config: { right: 'operate', isWhole: true } },
    async (request, reply) => {
      const { node } = request.params as { node: string };
      const what = `Cannot strike off node ${JSON.stringify(node.slice(0, 63))}`;
      const outcome = await cluster.forget(node);
      if (outcome === 'forgotten') return reply.code(204).send();
      if (outcome === 'unknown') return sendProblem(reply, { kind: 'unknown-node', detail: `${what}: there is none.` });
      if (outcome === 'alive')
        return sendProblem(reply, {
          kind: 'node-alive',
          detail: `${what}: it lives, or took its leave; nothing waits for it.`,
        });
      return sendProblem(reply, refusalOf(what, { kind: 'no-quorum', reason: outcome.trouble, isUnknown: false }));
    },
  );
}

function documentOf(status: ClusterStatus) {
  const { node, mode, state, why, orphans, executorFor, counts } = status;
  return {
    ...{ node, mode, state, why, orphans, executorFor, counts },
    since: isoTime(status.sinceMs),
    etcd: etcdDocument(status.etcd),
    watchSilentSeconds: seconds(status.watchSilentMs),
    sessionLeftSeconds: seconds(Math.max(0, status.sessionLeftMs)),
    nodes: status.nodes.map((one) => ({
      node: one.node,
      state: one.state,
      owned: one.owned,
      url: one.url ?? null,
      version: one.version ?? null,
      startedAt: one.startedAtMs === undefined ? null : isoTime(one.startedAtMs),
      heardSecondsAgo: one.heardMsAgo === undefined ? null : seconds(one.heardMsAgo),
      clockSkewSeconds: seconds(one.clockSkewMs),
      missed: one.isMissed,
    })),
  };
}

function etcdDocument(etcd: ClusterStatus['etcd']) {
  if (etcd === undefined) return null;
  const { endpoint, version, databaseOctets, databaseUsedOctets, isOutOfSpace } = etcd;
  return {
    ...{ endpoint, version, outOfSpace: isOutOfSpace },
    databaseBytes: databaseOctets,
    databaseUsedBytes: databaseUsedOctets,
  };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
