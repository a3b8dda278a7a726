// Configuration: where values come from, what they become, and that all problems are reported at once and no secret ever is.

import { describe, expect, test } from 'vitest';
import { environmentNameOf, factsOf, settingKeys } from '../../src/config/settings.ts';
import { configOf, originsOf, problemsOf, secret, type World, yaml } from '../kit/cli/config-world.ts';

describe('where a value comes from', () => {
  test('without anything given every setting has the default of the design', () => {
    expect(configOf()).toEqual({
      http: [{ host: '127.0.0.1', port: 7171 }],
      dns: [{ host: '127.0.0.1', port: 8053 }],
      dnsTransport: 'batched',
      origin: 'svc.',
      zones: 'zones',
      areZonesGiven: false,
      services: 'services.d',
      checksAtOnceMax: 100,
      checkNetworks: [],
      nameServer: undefined,
      nameServerAddresses: [],
      zoneGraceSeconds: 300,
      dnsCookies: 'auto',
      queryStatistics: 'addresses',
      dnsAllow: [],
      dnsDenied: 'refuse',
      dnsAllowZones: [],
      udpUnprovenBytesMax: 1232,
      rrlPerSecond: 0,
      rrlSlip: 2,
      rrlWindowSeconds: 15,
      rrlIpv4Prefix: 24,
      rrlIpv6Prefix: 56,
      rrlExempt: [
        '10.0.0.0/8',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '127.0.0.0/8',
        '169.254.0.0/16',
        '::1/128',
        'fc00::/7',
        'fe80::/10',
      ],
      dnsTls: [],
      data: 'data',
      tokens: [],
      tokenFile: undefined,
      ...{ anonymousRights: undefined, ownTokens: [], credentials: { credentials: [], isListed: false } },
      insecure: false,
      tlsCert: undefined,
      tlsKey: undefined,
      tlsClientCa: undefined,
      tlsClientAuth: 'none',
      plainHttp: false,
      publicUrl: '',
      trustedProxies: [],
      fsync: true,
      eventsKeepSeconds: 604_800,
      eventsMax: 1_000_000,
      logLevel: 'info',
      leaseSeconds: 90,
      dnsTtlSeconds: 5,
      negativeTtlSeconds: 5,
      tcpIdleSeconds: 10,
      tcpConnectionsMax: 1000,
      tcpConnectionsPerClientMax: 100,
      httpConnectionsMax: 32_000,
      httpConnectionsPerClientMax: 0,
      requestsPerClientPerSecond: 0,
      requestsPerClientBurst: 100,
      longPollsMax: 10_000,
      watchersMax: 20_000,
      changeLogMax: 100_000,
      instancesMax: 1_000_000,
      appsMax: 100_000,
      instancesPerAppMax: 10_000,
      guardPercent: 85,
      guardCeilingSeconds: 3600,
      evictionPercentPerMinute: 15,
      answerCacheMiB: 128,
      stopSeconds: 5,
      serverId: '',
      serverVersion: '',
      cookieSecret: undefined,
      adapters: [],
      adapterEnv: 'prod',
      consulDomain: '',
      ...{ clusterName: '', clusterPrefix: '', clusterNode: '', clusterServeCutSeconds: 3600 },
      clusterListen: { host: '127.0.0.1', port: 7172 },
      clusterAdvertise: '',
      clusterTokenFile: '',
      clusterEtcdEndpoints: [],
      clusterPeers: [],
      ...{ clusterEtcdCa: '', clusterEtcdCert: '', clusterEtcdKey: '' },
      ...{ clusterEtcdUser: '', clusterEtcdPasswordFile: '' },
      clusterMode: 'ap',
      clusterDrainCertainty: 'reachable',
      clusterStartWaitSeconds: 10,
      clusterSessionSeconds: 10,
      clusterCommitWaitMs: 3000,
      ...{ clusterSkydns: '', clusterPlainHttp: false },
    });
    expect(new Set(Object.values(originsOf()))).toEqual(new Set(['default']));
  });

  test('a flag beats the environment, which beats the file, which beats the default', () => {
    const world: World = {
      flags: { origin: 'flag.' },
      env: { ROLLCALL_ORIGIN: 'env.', ROLLCALL_ZONES: 'env-zones' },
      ...yaml('origin: file.\nzones: file-zones\n\nleaseSeconds: 30\n'),
    };
    expect(configOf(world)).toMatchObject({ origin: 'flag.', zones: 'env-zones', leaseSeconds: 30, stopSeconds: 5 });
    expect(originsOf(world)).toMatchObject({
      origin: '--origin',
      zones: 'ROLLCALL_ZONES',
      leaseSeconds: 'rollcall.yaml:4',
      stopSeconds: 'default',
    });
    // Who names a folder of zones wants it to be there.
    expect(configOf(world).areZonesGiven).toBe(true);
  });

  test('every setting can be given by its variable, and has a description', () => {
    const samples: Readonly<Record<string, string>> = {
      http: '[::1]:0',
      dns: '[::1]:0',
      tokenFile: 'tokens',
      logLevel: 'warn',
      serverId: 'ns1',
      serverVersion: 'rollcall',
      checkNetworks: '169.254.10.0/24,fd00::/8',
      publicUrl: 'https://rollcall.example.org/registry/',
      trustedProxies: '10.0.0.0/8',
      nameServerAddresses: '192.0.2.1,2001:db8::1',
      dnsAllow: '10.0.0.0/8,fd00::/8',
      cookieSecret: '000102030405060708090a0b0c0d0e0f',
      dnsAllowZones: 'prod.svc.=10.0.0.0/8',
      dnsTls: '127.0.0.1:8853',
      adapters: 'tutorial',
      nacosGrpc: '127.0.0.1:9848',
      anonymousRights: 'read,metrics',
      tlsClientAuth: 'required',
      clusterEtcdEndpoints: 'http://127.0.0.1:2379',
      clusterPeers: 'http://127.0.0.1:7173',
      clusterEtcdCa: 'ca.pem',
      clusterEtcdCert: 'c.pem',
      clusterEtcdKey: 'k.pem',
      clusterEtcdUser: 'rollcall',
      clusterEtcdPasswordFile: 'password',
    };
    const cluster = {
      ...{ ROLLCALL_CLUSTER_NAME: 'main', ROLLCALL_CLUSTER_ETCD_ENDPOINTS: 'http://127.0.0.1:2379' },
      ROLLCALL_CLUSTER_ETCD_CA: 'ca.pem',
      ROLLCALL_CLUSTER_ETCD_CERT: 'c.pem',
      ROLLCALL_CLUSTER_ETCD_KEY: 'k.pem',
      ...{ ROLLCALL_CLUSTER_ETCD_USER: 'rollcall', ROLLCALL_CLUSTER_ETCD_PASSWORD_FILE: 'password' },
    };
    const peers = { ROLLCALL_CLUSTER_NAME: 'main', ROLLCALL_CLUSTER_MODE: 'peers' };
    const tls = {
      ...{ ROLLCALL_TLS_CERT: 'c.pem', ROLLCALL_TLS_KEY: 'k.pem' },
      ...{ ROLLCALL_TLS_CLIENT_CA: 'ca.pem', ROLLCALL_TLS_CLIENT_AUTH: 'optional' },
    };
    for (const key of settingKeys) {
      const facts = factsOf(key);
      expect(facts.description, key).not.toBe('');
      const value = samples[key] ?? (key === 'tokens' ? `ci=${secret}` : String(facts.minimum ?? facts.default));
      const ofCluster = key === 'clusterPeers' ? peers : cluster;
      const together = /tls/i.test(key) ? tls : key.startsWith('cluster') ? ofCluster : {};
      const env = { ...(key === 'clusterName' ? {} : together), [environmentNameOf(key)]: value };
      const world: World = { env, files: { tokens: `ops ${secret}` } };
      expect(originsOf(world)[key], key).toBe(environmentNameOf(key));
    }
    expect(environmentNameOf('answerCacheMiB')).toBe('ROLLCALL_ANSWER_CACHE_MIB');
    expect(environmentNameOf('tcpConnectionsPerClientMax')).toBe('ROLLCALL_TCP_CONNECTIONS_PER_CLIENT_MAX');
  });

  test('the configuration is frozen to its leaves', () => {
    const config = configOf({ env: { ROLLCALL_TOKENS: `ci=${secret}` } });
    for (const part of [config, config.http, config.http[0], config.tokens, config.tokens[0]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('the file', () => {
  test('may be missing at the default path, but not where it was named', () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf({ flags: { config: 'other.yaml' } })).toEqual([
      '--config: cannot read "other.yaml": there is no such file',
    ]);
    expect(problemsOf({ env: { ROLLCALL_CONFIG: 'locked' } })).toEqual([
      'ROLLCALL_CONFIG: cannot read "locked": permission denied',
    ]);
  });

  test('named by --config it replaces rollcall.yaml', () => {
    const files = { 'rollcall.yaml': 'origin: a.', 'other.yaml': 'origin: b.' };
    expect(configOf({ flags: { config: 'other.yaml' }, files }).origin).toBe('b.');
    expect(originsOf({ env: { ROLLCALL_CONFIG: 'other.yaml' }, files }).origin).toBe('other.yaml:1');
  });

  test('empty, or comments alone, sets nothing', () => {
    expect(configOf(yaml(''))).toEqual(configOf());
    expect(configOf(yaml('# nothing yet\n'))).toEqual(configOf());
  });

  test.each([
    ['- a\n', 'rollcall.yaml: the file must be a mapping, "setting: value" on each line'],
    ['dnss: 1\n', 'rollcall.yaml:1: dnss: unknown setting; did you mean dns?'],
    ['\nLeaseSeconds: 1\n', 'rollcall.yaml:2: LeaseSeconds: unknown setting; did you mean leaseSeconds?'],
    ['banana: 1\n', 'rollcall.yaml:1: banana: unknown setting'],
    ['toString: 1\n', 'rollcall.yaml:1: toString: unknown setting'],
    ['http:\n', 'rollcall.yaml:1: http: has no value; set one or remove it'],
    ['http: []\n', 'rollcall.yaml:1: http: is an empty list; name at least one host:port'],
    [
      'http: { host: a }\n',
      'rollcall.yaml:1: http: a mapping is not host:port; write it like 127.0.0.1:7171 or [::1]:7171',
    ],
    ['leaseSeconds: 1.5\n', 'rollcall.yaml:1: leaseSeconds: 1.5 is not a whole number from 5 to 86400 (seconds)'],
    ['insecure: yes\n', 'rollcall.yaml:1: insecure: "yes" is neither true nor false'],
    ['logLevel: loud\n', 'rollcall.yaml:1: logLevel: "loud" is none of trace, debug, info, warn, error, fatal, silent'],
    ['origin: 7\n', 'rollcall.yaml:1: origin: 7 is not a domain name'],
    ['zones: [a]\n', 'rollcall.yaml:1: zones: a list is not a path'],
  ])('%j is reported as %s', (text, problem) => {
    expect(problemsOf(yaml(text))).toEqual([problem]);
  });

  test('broken YAML is reported with its line, and aliases cannot blow up', () => {
    expect(problemsOf(yaml('origin: a.\norigin: b.\n'))).toEqual(['rollcall.yaml:2: Map keys must be unique']);
    expect(problemsOf(yaml('origin: [a\n')).join()).toMatch(/^rollcall\.yaml:\d: /);
    const bomb = [
      'a: &a [x,x]',
      ...'bcdefghij'.split('').map((to, at) => `${to}: &${to} [${`*${'abcdefghi'[at]},`.repeat(9)}]`),
    ];
    expect(problemsOf(yaml(`${bomb.join('\n')}\nhttp: *j\n`)).join('\n')).toContain(
      'http: the aliases in the value cannot be resolved',
    );
  });
});

describe('the environment', () => {
  test('an unknown ROLLCALL_ variable is a problem, its value stays unsaid', () => {
    expect(problemsOf({ env: { ROLLCALL_TOKEN: secret, ROLLCALL_DATA_DIR: '/x', HOME: '/x' } })).toEqual([
      'ROLLCALL_TOKEN: unknown setting; did you mean ROLLCALL_TOKENS?',
      'ROLLCALL_DATA_DIR: unknown setting; did you mean ROLLCALL_DATA?',
    ]);
  });

  test('an empty variable is a problem, not a default', () => {
    expect(problemsOf({ env: { ROLLCALL_TOKENS: '' } })).toEqual([
      'ROLLCALL_TOKENS: has no value; set one or remove it',
    ]);
  });

  test('variables that Kubernetes sets for services called rollcall and rollcall-dns are no settings', () => {
    const env = {
      ROLLCALL_SERVICE_HOST: '10.96.0.7',
      ROLLCALL_SERVICE_PORT: '7171',
      ROLLCALL_SERVICE_PORT_HTTP: '7171',
      ROLLCALL_PORT: 'tcp://10.96.0.7:7171',
      ROLLCALL_PORT_7171_TCP: 'tcp://10.96.0.7:7171',
      ROLLCALL_PORT_7171_TCP_PROTO: 'tcp',
      ROLLCALL_PORT_7171_TCP_PORT: '7171',
      ROLLCALL_PORT_7171_TCP_ADDR: '10.96.0.7',
      ROLLCALL_DNS_PORT: 'udp://10.96.0.8:53',
      ROLLCALL_DNS_SERVICE_HOST: '10.96.0.8',
    };
    expect(problemsOf({ env })).toEqual([]);
    expect(problemsOf({ env: { ROLLCALL_DNS_PORT: '53' } })).toEqual([
      'ROLLCALL_DNS_PORT: unknown setting; did you mean ROLLCALL_DNS?',
    ]);
  });
});

test('all problems of all sources are reported at once, overridden ones too', () => {
  const problems = problemsOf({
    flags: { logLevel: 'info', dns: ['[::1]:99999'] },
    env: { ROLLCALL_HTTP: '70000', ROLLCALL_ORIGN: 'x.' },
    ...yaml('dnss: 1\nlogLevel: loud\norigin: "a b..c"\n'),
  });
  expect(problems).toEqual([
    'rollcall.yaml:1: dnss: unknown setting; did you mean dns?',
    'ROLLCALL_ORIGN: unknown setting; did you mean ROLLCALL_ORIGIN?',
    'rollcall.yaml:2: logLevel: "loud" is none of trace, debug, info, warn, error, fatal, silent',
    'rollcall.yaml:3: origin: "a b..c": label "a b" may only hold letters, digits and hyphens',
    'rollcall.yaml:3: origin: "a b..c": label "" is empty',
    'ROLLCALL_HTTP: "70000" is not host:port; write it like 127.0.0.1:7171 or [::1]:7171',
    '--dns: "[::1]:99999": the port must be 0-65535, received 99999',
  ]);
});

describe('rules between settings', () => {
  const anywhere = ['0.0.0.0:7171', '[::]:7171', '10.0.0.5:0', '[fe80::1%eth0]:1'];
  test.each(anywhere)('HTTP on %s needs TLS, or --plain-http', (http) => {
    const env = { ROLLCALL_HTTP: http, ROLLCALL_TOKENS: `ci=${secret}` };
    const [problem = '', ...others] = problemsOf({ env });
    expect(others).toEqual([]);
    expect(problem).toContain(`http: ${http} (ROLLCALL_HTTP) can be reached from other machines and has no TLS`);
    for (const remedy of ['--tls-cert FILE', '--tls-key FILE', '127.0.0.1', '--plain-http', 'rollcall tls init'])
      expect(problem).toContain(remedy);
    expect(problemsOf({ env, flags: { insecure: true } })).toHaveLength(1);
    expect(problemsOf({ env, flags: { plainHttp: true } })).toEqual([]);
    expect(problemsOf({ env, flags: { tlsCert: 'c.pem', tlsKey: 'k.pem' } })).toEqual([]);
  });

  test.each([
    ['a certificate without its key', { ROLLCALL_TLS_CERT: 'c.pem' }, 'tlsKey'],
    ['a key without its certificate', { ROLLCALL_TLS_KEY: 'k.pem' }, 'tlsCert'],
    [
      'client certificates without TLS',
      { ROLLCALL_TLS_CLIENT_AUTH: 'required', ROLLCALL_TLS_CLIENT_CA: 'ca' },
      'tlsCert',
    ],
    [
      'client certificates without an authority',
      { ROLLCALL_TLS_CLIENT_AUTH: 'optional', ROLLCALL_TLS_CERT: 'c', ROLLCALL_TLS_KEY: 'k' },
      'tlsClientCa',
    ],
    [
      'an authority that is not asked',
      { ROLLCALL_TLS_CLIENT_CA: 'ca', ROLLCALL_TLS_CERT: 'c', ROLLCALL_TLS_KEY: 'k' },
      'tlsClientAuth',
    ],
    ['another word', { ROLLCALL_TLS_CLIENT_AUTH: 'maybe' }, 'none, optional, required'],
  ])('%s is refused', (_what, env, named) => {
    expect(problemsOf({ env })).toEqual([expect.stringContaining(named)]);
  });

  test('required client certificates are as good as tokens', () => {
    const env = { ROLLCALL_TLS_CLIENT_AUTH: 'required', ROLLCALL_TLS_CLIENT_CA: 'ca', ROLLCALL_TLS_CERT: 'c' };
    expect(problemsOf({ env: { ...env, ROLLCALL_TLS_KEY: 'k', ROLLCALL_HTTP: '0.0.0.0:1' } })).toEqual([]);
  });

  test.each(anywhere)('HTTP on %s needs a token', (http) => {
    const [problem = '', ...others] = problemsOf({ env: { ROLLCALL_HTTP: http, ROLLCALL_PLAIN_HTTP: 'true' } });
    expect(others).toEqual([]);
    expect(problem).toContain(`http: ${http} (ROLLCALL_HTTP) can be reached from other machines and no token is set`);
    for (const remedy of ['ROLLCALL_TOKENS=NAME=SECRET', '--token-file FILE', '127.0.0.1', '--insecure']) {
      expect(problem).toContain(remedy);
    }
    expect(
      problemsOf({ env: { ROLLCALL_HTTP: http, ROLLCALL_TOKENS: `ci=${secret}` }, flags: { plainHttp: true } }),
    ).toEqual([]);
    expect(problemsOf({ env: { ROLLCALL_HTTP: http }, flags: { insecure: true, plainHttp: true } })).toEqual([]);
  });

  test.each(['127.9.9.9:1', '[::1]:1', '[0:0:0:0:0:0:0:1]:1', '[::ffff:127.0.0.1]:1', 'localhost:1'])(
    '%s is loopback',
    (http) => {
      expect(problemsOf({ env: { ROLLCALL_HTTP: http } })).toEqual([]);
    },
  );

  test('DNS may listen anywhere', () => {
    expect(problemsOf({ env: { ROLLCALL_DNS: '0.0.0.0:53' } })).toEqual([]);
  });

  test('DNS over TLS needs a certificate, and a port of its own', () => {
    const pair = { tlsCert: 'c.pem', tlsKey: 'k.pem' };
    expect(problemsOf({ env: { ROLLCALL_DNS_TLS: '127.0.0.1:8853' } })).toEqual([
      'dnsTls (ROLLCALL_DNS_TLS) needs a certificate: set tlsCert and tlsKey',
    ]);
    expect(problemsOf({ env: { ROLLCALL_DNS_TLS: '127.0.0.1:8853' }, flags: pair })).toEqual([]);
    expect(problemsOf({ env: { ROLLCALL_DNS_TLS: 'none' } })).toEqual([]);
    for (const [listen, other] of [
      ['127.0.0.1:8053', 'dns'],
      ['127.0.0.1:7171', 'http'],
    ]) {
      expect(problemsOf({ env: { ROLLCALL_DNS_TLS: listen }, flags: pair })).toEqual([
        `dnsTls (ROLLCALL_DNS_TLS) and ${other} (default) both ask for TCP ${listen}`,
      ]);
    }
  });

  test('HTTP and DNS cannot share a TCP port', () => {
    expect(problemsOf({ flags: { http: ['127.0.0.1:8053'] } })).toEqual([
      'http (--http) and dns (default) both ask for TCP 127.0.0.1:8053',
    ]);
    expect(problemsOf({ flags: { http: ['127.0.0.1:0'], dns: ['127.0.0.1:0'] } })).toEqual([]);
  });
});
