// Every setting rollcall has: one TypeBox schema with default, unit, limits and a description. The environment variable,
// the flag, the help texts and the messages about wrong values are all derived from it, so they cannot disagree.
// Annotations beside JSON Schema's own: `unit` (what a number counts), `flag` (the value's name in --help; only the
// settings people change often have a flag, every setting has an environment variable).
// Limits: it describes what is written in a file; what the program works with is `Config` in config.ts.

import Type, { type Static } from 'typebox';
import { AdapterName } from '../model/adapters.ts';
import { Right } from '../model/principal.ts';

const whole = (unit: string, fallback: number | undefined, minimum: number, maximum: number, description: string) =>
  Type.Integer({ ...(fallback === undefined ? {} : { default: fallback }), minimum, maximum, unit, description });

/** RFC 1918, loopback, link-local, RFC 4193: whose addresses cannot be forged from outside. */
const privateNetworks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

const listeners = (fallback: string, description: string) =>
  Type.Array(Type.String(), { default: [fallback], minItems: 1, maxItems: 16, flag: '<host:port,...>', description });

export const tokenNameRule = '1 to 64 of a-z 0-9 _ -';
export const tokenRule = '16 to 512 printable ASCII characters without blanks';
export const tokenSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9_-]{1,64}$', description: tokenNameRule }),
    token: Type.String({ pattern: '^[!-~]{16,512}$', description: tokenRule }),
  },
  { additionalProperties: false },
);

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const transports = ['batched', 'dgram'] as const;
const cookiePolicies = ['auto', 'on', 'off'] as const;
const queryDetails = ['addresses', 'networks', 'names', 'off'] as const;
const clientAuths = ['none', 'optional', 'required'] as const;
const clusterModes = ['ap', 'cp', 'peers'] as const;
const drainCertainties = ['reachable', 'all'] as const;
const denials = ['refuse', 'drop'] as const;

export const settingsSchema = Type.Object(
  {
    http: listeners('127.0.0.1:7171', 'where the HTTP API listens; port 0 takes any free one'),
    dns: listeners('127.0.0.1:8053', 'where DNS listens, UDP and TCP; port 0 takes any free one'),
    dnsThreads: Type.Optional(
      whole(
        'threads',
        undefined,
        0,
        64,
        'threads that answer DNS; 0: the main one; unset: one CPU stays free for HTTP, 1 to 4',
      ),
    ),
    dnsTransport: Type.Enum(transports, {
      default: 'batched',
      description: 'how DNS threads take datagrams: batched, 64 a system call, where that can be (Linux); dgram',
    }),
    origin: Type.String({
      default: 'svc.',
      flag: '<name>',
      description: 'the domain below which services are found (APPID.ENV.ORIGIN)',
    }),
    nameServer: Type.Optional(
      Type.String({ description: 'name of this server in the NS of zones without a file; unset: ns.ORIGIN' }),
    ),
    nameServerAddresses: Type.Array(Type.String(), {
      default: [],
      maxItems: 16,
      description: 'IP addresses of nameServer as resolvers reach it; empty: those of dns, but never 0.0.0.0 or ::',
    }),
    zones: Type.String({ default: 'zones', flag: '<dir>', description: 'directory of zone files, NAME.zone each' }),
    zoneGraceSeconds: whole(
      'seconds',
      300,
      0,
      604_800,
      'how long the zone of a deleted file is served on; SIGHUP lets it go at once',
    ),
    services: Type.String({
      default: 'services.d',
      flag: '<dir>',
      description: 'directory of service files, *.yaml; it may be missing',
    }),
    data: Type.String({
      default: 'data',
      flag: '<dir>',
      description: 'directory of what is kept over a restart: instances, events, the revision; none: nothing is kept',
    }),
    fsync: Type.Boolean({
      default: true,
      description: 'a write is answered once it is on the disk; false: a power failure may lose the last ones',
    }),
    tokens: Type.Array(tokenSchema, {
      default: [],
      description: 'names and secrets of writers; in ROLLCALL_TOKENS as name=token,...',
    }),
    tokenFile: Type.Optional(
      Type.String({
        flag: '<file>',
        description:
          'file of further tokens: one "name token" a line, or YAML with rights and expiry; read again when it changes',
      }),
    ),
    anonymousRights: Type.Optional(
      Type.Array(Type.Enum(Right), {
        description: `rights of callers without credentials: ${Right.join(', ')}; none; unset: none where there are tokens, else all`,
      }),
    ),
    insecure: Type.Boolean({
      default: false,
      flag: '',
      description: 'allow HTTP on a non-loopback address without any token',
    }),
    tlsCert: Type.Optional(
      Type.String({
        flag: '<file>',
        description:
          'certificate of this server with its chain, PEM; with tlsKey, HTTP is HTTPS; read again when it changes',
      }),
    ),
    tlsKey: Type.Optional(
      Type.String({ flag: '<file>', description: 'private key of tlsCert, PEM, without a passphrase' }),
    ),
    tlsClientCa: Type.Optional(
      Type.String({
        description: 'certificates of the authorities that sign client certificates, PEM; read again when it changes',
      }),
    ),
    tlsClientAuth: Type.Enum(clientAuths, {
      default: 'none',
      description: 'whether clients show a certificate: none, never asked for; optional; required',
    }),
    plainHttp: Type.Boolean({
      default: false,
      flag: '',
      description:
        'allow HTTP without TLS on a non-loopback address: a proxy in front has it, or the network is trusted',
    }),
    adapters: Type.Array(Type.Enum(AdapterName), {
      default: [],
      uniqueItems: true,
      description: `APIs of other registries that are served beside our own: ${AdapterName.join(', ')}`,
    }),
    adapterEnv: Type.String({
      default: 'prod',
      description: 'environment of what is registered through an adapter that does not name one',
    }),
    nacosGrpc: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 16,
        description:
          'where clients of Nacos 2.x and 3.x find gRPC; unset: each port of http + 1000, where they look; none: nowhere',
      }),
    ),
    consulDomain: Type.String({
      default: '',
      description: "domain of Consul's DNS names (web.service.DOMAIN), such as consul; empty: they are not served",
    }),
    publicUrl: Type.String({
      default: '',
      description: 'where clients reach the HTTP API, as replies name it; empty: where they have asked',
    }),
    trustedProxies: Type.Array(Type.String(), {
      default: [],
      description: 'networks of proxies whose X-Forwarded-For, -Host and -Proto headers are believed',
    }),
    logLevel: Type.Enum(logLevels, { default: 'info', flag: '<level>', description: 'least severe message to log' }),
    serverId: Type.String({
      default: '',
      description: 'name of this server for NSID and CHAOS id.server; empty: not sent',
    }),
    serverVersion: Type.String({ default: '', description: 'answer to CHAOS version.bind; empty: not sent' }),
    cookieSecret: Type.Optional(
      Type.String({ description: 'key of DNS cookies, 32 hex digits, the same on all servers of one address' }),
    ),
    leaseSeconds: whole('seconds', 90, 5, 86_400, 'lease of an instance that asks for none'),
    dnsTtlSeconds: whole('seconds', 5, 0, 3600, 'TTL of the records of an instance that asks for none'),
    negativeTtlSeconds: whole('seconds', 5, 0, 3600, 'how long resolvers may keep "no such name"'),
    dnsCookies: Type.Enum(cookiePolicies, {
      default: 'auto',
      description: 'which clients get a DNS cookie for theirs: auto, all but those on loopback; on; off',
    }),
    queryStatistics: Type.Enum(queryDetails, {
      default: 'addresses',
      description:
        'who asks DNS for what is kept, in memory: with addresses or networks of clients, by names alone, off',
    }),
    dnsAllow: Type.Array(Type.String(), {
      default: [],
      description: 'networks that may ask DNS questions; none named: all',
    }),
    dnsDenied: Type.Enum(denials, {
      default: 'refuse',
      description: 'what requests from other networks get: refuse, REFUSED; drop, nothing',
    }),
    dnsAllowZones: Type.Array(Type.String(), {
      default: [],
      description: 'ZONE=NETWORK, each a network that may ask about this zone; zones that are not named are open',
    }),
    udpUnprovenBytesMax: whole(
      'bytes',
      1232,
      512,
      1232,
      'longest UDP answer to a client that shows no DNS cookie of ours; TC beyond it',
    ),
    rrlPerSecond: whole(
      'answers',
      0,
      0,
      1_000_000,
      'UDP answers of one kind to one client network, a second; 0: no response rate limiting',
    ),
    rrlSlip: whole('answers', 2, 0, 100, 'every so many-th answer over the rate goes out truncated; 0: none does'),
    rrlWindowSeconds: whole('seconds', 15, 1, 3600, 'a network that floods is limited for so long after it'),
    rrlIpv4Prefix: whole('bits', 24, 1, 32, 'leading bits of an IPv4 address that make one client network'),
    rrlIpv6Prefix: whole('bits', 56, 1, 128, 'the same of an IPv6 address'),
    rrlExempt: Type.Array(Type.String(), {
      default: privateNetworks,
      description: 'client networks without response rate limiting; none: none',
    }),
    dnsTls: Type.Array(Type.String(), {
      default: [],
      description: 'where DNS over TLS listens (DoT), with tlsCert and tlsKey; none: nowhere',
    }),
    tcpIdleSeconds: whole('seconds', 10, 1, 3600, 'a DNS connection without traffic is closed after this time'),
    tcpConnectionsMax: whole('connections', 1000, 1, 1_000_000, 'open DNS connections, all clients together'),
    tcpConnectionsPerClientMax: whole('connections', 100, 1, 1_000_000, 'open DNS connections of one client address'),
    httpConnectionsMax: whole('connections', 32_000, 1, 1_000_000, 'open HTTP connections'),
    httpConnectionsPerClientMax: whole(
      'connections',
      0,
      0,
      1_000_000,
      'open HTTP connections of one IPv4 address or IPv6 /64; 0: nine tenths of httpConnectionsMax',
    ),
    requestsPerClientPerSecond: whole(
      'requests',
      0,
      0,
      1_000_000,
      'HTTP requests of one token, or of one address where no tokens are set; 0: no limit',
    ),
    requestsPerClientBurst: whole('requests', 100, 1, 1_000_000, 'how many of them may come at once'),
    watchersMax: whole('requests', 20_000, 1, 1_000_000, 'watches held open at the same time'),
    changeLogMax: whole('changes', 100_000, 1, 10_000_000, 'latest changes kept in memory, for watches that come back'),
    longPollsMax: whole('requests', 10_000, 1, 1_000_000, 'long polls held open at the same time'),
    instancesMax: whole('instances', 1_000_000, 1, 10_000_000, 'registered instances, all apps together'),
    appsMax: whole('apps', 100_000, 1, 10_000_000, 'apps with at least one instance'),
    instancesPerAppMax: whole('instances', 10_000, 1, 10_000_000, 'registered instances of one app'),
    checksAtOnceMax: whole('checks', 100, 1, 10_000, 'checks of instances that run at the same time'),
    checkNetworks: Type.Array(Type.String(), {
      default: [],
      description: 'networks that checks may reach although they are link-local, multicast or a metadata service',
    }),
    eventsKeepSeconds: whole('seconds', 604_800, 60, 315_360_000, 'retention of change events'),
    eventsMax: whole('changes', 1_000_000, 1, 100_000_000, 'change events kept at most, the latest ones'),
    guardPercent: whole(
      'percent',
      85,
      0,
      99,
      'leases that end evict no instance while fewer of an app, or of all, are on time and three or more are not; 0: no guard',
    ),
    guardCeilingSeconds: whole('seconds', 3600, 1, 604_800, 'so long after its lease an instance is evicted anyway'),
    evictionPercentPerMinute: whole('percent', 15, 1, 100, 'of the registry evicted within a minute; 100: no limit'),
    answerCacheMiB: whole('MiB', 128, 1, 65_536, 'memory for encoded DNS answers'),
    clusterName: Type.String({
      default: '',
      description: 'name of the cluster that this node belongs to; empty: none',
    }),
    clusterPrefix: Type.String({
      default: '',
      description: 'where in etcd the registry of the cluster is; its last part is clusterName; empty: /rollcall/NAME/',
    }),
    clusterNode: Type.String({
      default: '',
      description: 'name of this node, unique in its cluster; empty: the host name',
    }),
    clusterListen: Type.String({
      default: '127.0.0.1:7172',
      description: 'where the other nodes of the cluster reach this one; port 0 takes any free one',
    }),
    clusterAdvertise: Type.String({
      default: '',
      description: 'URL at which they do, such as https://10.0.0.5:7172; empty: as clusterListen',
    }),
    clusterTokenFile: Type.String({
      default: '',
      description: 'file of the secret that all nodes of the cluster have; empty: none',
    }),
    clusterEtcdEndpoints: Type.Array(Type.String(), {
      default: [],
      maxItems: 16,
      description: 'members of etcd, such as https://10.0.0.1:2379',
    }),
    clusterEtcdCa: Type.String({
      default: '',
      description: 'file of the CA of etcd and of the other nodes; empty: none',
    }),
    clusterEtcdCert: Type.String({ default: '', description: 'file of the certificate of this node; empty: none' }),
    clusterEtcdKey: Type.String({ default: '', description: 'file of the key of that certificate; empty: none' }),
    clusterEtcdUser: Type.String({ default: '', description: 'user of etcd; empty: none' }),
    clusterEtcdPasswordFile: Type.String({
      default: '',
      description: 'file of the password of that user; empty: none',
    }),
    clusterMode: Type.Enum(clusterModes, {
      default: 'ap',
      description:
        'ap: a node that is cut off from etcd accepts writes, and has them decided when it is back; cp: it refuses them; peers: there is no etcd, the nodes follow each other',
    }),
    clusterPeers: Type.Array(Type.String(), {
      default: [],
      maxItems: 16,
      description:
        'mode peers: where the nodes reach each other, such as http://10.0.0.6:7172, or one DNS name of all of them, such as rollcall.internal:7172; this node may be among them',
    }),
    clusterStartWaitSeconds: whole(
      'seconds',
      10,
      1,
      3600,
      'so long a start waits for etcd, or for the other nodes, before it goes on with what the data folder has',
    ),
    clusterSessionSeconds: whole(
      'seconds',
      10,
      5,
      60,
      'a node that etcd has not heard for so long is dead; in mode peers, how long a start waits for its name to be free',
    ),
    clusterCommitWaitMs: whole('milliseconds', 3000, 500, 30_000, 'how long a write waits for etcd or the other nodes'),
    clusterServeCutSeconds: whole(
      'seconds',
      3600,
      0,
      604_800,
      'so long after the node that runs an instance was last heard, answers with it are marked stale',
    ),
    clusterDrainCertainty: Type.Enum(drainCertainties, {
      default: 'reachable',
      description:
        'reachable: a drain counts a node that died without a word as dead, and names it; all: it is not safe until that node is back or struck off',
    }),
    clusterSkydns: Type.String({
      default: '',
      description: 'where in etcd CoreDNS finds a copy of what takes traffic, such as /skydns; empty: there is none',
    }),
    clusterPlainHttp: Type.Boolean({
      default: false,
      description: 'allow etcd and other nodes beyond loopback without TLS',
    }),
    stopSeconds: whole('seconds', 5, 1, 600, 'time for requests in flight when asked to stop'),
  },
  { additionalProperties: false },
);

export type Settings = Static<typeof settingsSchema>;
export type SettingKey = keyof Settings;

/** The schema of one setting, with the annotations that TypeBox does not type. */
export interface SettingFacts {
  readonly type?: string;
  readonly default?: unknown;
  readonly description: string;
  readonly unit?: string;
  readonly flag?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

export const settingKeys = Object.keys(settingsSchema.properties) as readonly SettingKey[];

export function isSettingKey(text: string): text is SettingKey {
  return Object.hasOwn(settingsSchema.properties, text);
}

export function factsOf(key: SettingKey): SettingFacts {
  return settingsSchema.properties[key] as object as SettingFacts;
}

/** `answerCacheMiB` -> `ROLLCALL_ANSWER_CACHE_MIB`. */
export function environmentNameOf(key: SettingKey): string {
  return `ROLLCALL_${key.replaceAll(/(?<=[a-z0-9])(?=[A-Z][a-z])/g, '_').toUpperCase()}`;
}

/** `tokenFile` -> `--token-file`; the same for settings without a flag, which never meet it. */
export function flagNameOf(key: SettingKey): string {
  return `--${key.replaceAll(/(?<=[a-z0-9])(?=[A-Z][a-z])/g, '-').toLowerCase()}`;
}
