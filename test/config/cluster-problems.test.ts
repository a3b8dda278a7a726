// The settings of a cluster: written as a group or one by one, and held to what they ask of each other.

import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';

function resolve(yaml: string, env: Record<string, string> = {}) {
  return resolveConfig({ flags: {}, env, readFile: () => ({ kind: 'text', text: yaml }) });
}

function problemsOf(yaml: string): readonly string[] {
  const resolved = resolve(yaml);
  return 'problems' in resolved ? resolved.problems : [];
}

const etcd = 'etcd: { endpoints: ["http://127.0.0.1:2379"] }';
const peers = 'mode: peers, peers: ["http://127.0.0.1:7173"]';

describe('the group', () => {
  test('is the settings that begin with its name', () => {
    const resolved = resolve(`cluster: { name: main, listen: "127.0.0.1:7300", ${etcd} }`);
    expect('config' in resolved && resolved.config).toMatchObject({
      clusterName: 'main',
      clusterListen: { host: '127.0.0.1', port: 7300 },
      clusterEtcdEndpoints: ['http://127.0.0.1:2379'],
    });
  });

  test('has the variables of these', () => {
    const env = {
      ROLLCALL_CLUSTER_ETCD_ENDPOINTS: 'http://127.0.0.1:1,http://127.0.0.1:2',
      ROLLCALL_CLUSTER_NAME: 'x',
    };
    const resolved = resolve('', env);
    expect('config' in resolved && resolved.config.clusterEtcdEndpoints).toEqual([
      'http://127.0.0.1:1',
      'http://127.0.0.1:2',
    ]);
  });

  test('takes its name from its prefix, and its prefix from its name', () => {
    const configOf = (yaml: string) => {
      const resolved = resolve(yaml);
      return 'config' in resolved ? resolved.config : resolved.problems;
    };
    expect(configOf(`cluster: { prefix: /a/b, ${etcd} }`)).toMatchObject({ clusterName: 'b', clusterPrefix: '/a/b/' });
    expect(configOf(`cluster: { name: main, ${etcd} }`)).toMatchObject({ clusterPrefix: '/rollcall/main/' });
    expect(configOf('')).toMatchObject({ clusterName: '', clusterPrefix: '' });
  });

  test('names the setting and the line where one is not known', () => {
    expect(problemsOf('cluster:\n  nmae: main\n')).toEqual([expect.stringMatching(/:2: clusterNmae/)]);
  });
});

describe('is refused', () => {
  test.each([
    ['a cluster without etcd', 'cluster: { name: main }', 'clusterEtcdEndpoints'],
    ['settings of no cluster', 'cluster: { node: n1 }', 'clusterNode'],
    ['a name that is no part of a key', `cluster: { name: "a/b", ${etcd} }`, 'clusterName'],
    ['a prefix with another name', `cluster: { name: main, prefix: /a/b, ${etcd} }`, 'clusterPrefix'],
    ['a prefix that is no path', `cluster: { prefix: a/b, ${etcd} }`, 'clusterPrefix'],
    ['a copy within the registry', `cluster: { prefix: /skydns/b, skydns: /skydns, ${etcd} }`, 'clusterSkydns'],
    ['two listeners', `cluster: { name: main, listen: "127.0.0.1:1,127.0.0.1:2", ${etcd} }`, 'clusterListen'],
    ['a link that all can reach', `cluster: { name: main, listen: "10.0.0.5:7172", ${etcd} }`, 'clusterListen'],
    [
      'a token in the open',
      `cluster: { name: main, listen: "10.0.0.5:7172", tokenFile: t, ${etcd} }`,
      'clusterPlainHttp',
    ],
    [
      'etcd in the open',
      'cluster: { name: main, etcd: { endpoints: ["http://10.0.0.1:2379"] } }',
      'clusterEtcdEndpoints',
    ],
    ['a mirror among the registry', `cluster: { name: main, skydns: /rollcall/main, ${etcd} }`, 'clusterSkydns'],
    ['a mirror that is no path', `cluster: { name: main, skydns: skydns, ${etcd} }`, 'clusterSkydns'],
    ['peers of no mode peers', `cluster: { name: main, peers: ["http://127.0.0.1:7173"], ${etcd} }`, 'clusterPeers'],
    ['mode peers without peers', 'cluster: { name: main, mode: peers }', 'clusterPeers'],
    ['mode peers beside etcd', `cluster: { name: main, ${peers}, ${etcd} }`, 'clusterEtcdEndpoints'],
    ['mode peers with a mirror in etcd', `cluster: { name: main, ${peers}, skydns: /skydns }`, 'clusterSkydns'],
    ['peers in the open', 'cluster: { name: main, mode: peers, peers: ["http://10.0.0.6:7172"] }', 'clusterPlainHttp'],
    [
      'peers over TLS without a certificate',
      'cluster: { name: main, mode: peers, peers: ["https://10.0.0.6:7172"] }',
      'clusterEtcdCa',
    ],
    [
      'peers that are neither URLs nor a name',
      'cluster: { name: main, mode: peers, peers: ["10.0.0.6"] }',
      'clusterPeers',
    ],
    ['a mode that there is not', 'cluster: { name: main, mode: raft }', 'clusterMode'],
    ['a certificate without its key', `cluster: { name: main, etcdCert: c, ${etcd} }`, 'clusterEtcdKey'],
    ['a user without a password', `cluster: { name: main, etcdUser: u, ${etcd} }`, 'clusterEtcdPasswordFile'],
  ])('%s', (_what, yaml, setting) => {
    expect(problemsOf(yaml)).toEqual([expect.stringContaining(setting)]);
  });
});

test('without a name there is no cluster, and nothing of it is asked for', () => {
  const resolved = resolve('');
  expect('config' in resolved && resolved.config.clusterName).toBe('');
});
