// The files of a room that other rooms may import (design §7); the rest is the room's own business and can change without
// them. Not listed: `model`, `runtime` and `dns/message`, which are values and tools for all, and `app` and `root`, which
// put the rest together. An entry that no other room imports is a fault, too.

export const entrances: Readonly<Record<string, readonly string[]>> = {
  registry: files('options registry'),
  history: files('change-log log-recorder past recorder removed undo'),
  // When apps were last asked for is no data of the registry: a file beside the database.
  store: files('asked-file persistence rows writer-worker'),
  health: files('files/check-folder health'),
  metrics: files('http-counts metrics'),
  // One for each use case, with its input and outcome, for the fronts; and what app puts together.
  control: files(
    'catalogue commands drain-waits long-poll record refused-calls renewals visible read-view scoped-view',
    'queries/app-of-name queries/last-asked queries/query-lists queries/query-statistics committer control decision-log',
  ),
  // gRPC of Nacos is a server of its own; `watchers` is a subscriber; app stores the nodes of the catalog.
  http: files(
    'auth/auth server/listen server/secure-connections server watch/watchers',
    'adapters/consul/catalog-nodes adapters/nacos/created-services adapters/nacos/grpc/nacos-grpc',
  ),
  cluster: files(
    'cluster-node registry-port records/keys replica/local-copy etcd/endpoint etcd/etcd-engine',
    'peer-link/credentials peers-engine/peer-network skydns/skydns-mirror',
  ),
  config: files('config credential-file did-you-mean read-file settings sources values'),
  // For `rollcall run`, which keeps a registration, and for commands, which make one call.
  client: files(
    'registration/leaving registration/membership registration/registration',
    'registry/event-stream registry/http-request registry/places registry/problem-document',
    'registry/registry-address registry/registry-link registry/reply',
  ),
  // `rollcall mirror` puts a bridge together.
  bridges: files('difference follower mirrored source target sources/consul sources/eureka sources/nacos'),
  cli: files('program start-screen terminal/keys terminal/style'),
  'dns/zone': files('lookup record-table shared-zone zone zone-table'),
  'dns/zone-file': files('fault load rdata zone-source watch/zone-event watch/zone-watch'),
  'dns/services': files(
    'consul-zone live-zones made-zone apps/host-instances apps/instance-change reverse/reverse-name',
  ),
  'dns/server': files(
    'answer-message counters explain guards handler outstanding-answers peer queries/query-memory queries/query-table',
    'response-limit response-rates zone-access',
  ),
  'dns/transport': files('batched/batched-udp server tcp-connections tls udp'),
  'dns/plane': files('dns-worker plane threaded-plane'),
};

function files(...lists: readonly string[]): readonly string[] {
  return lists.flatMap((list) => list.split(' '));
}
