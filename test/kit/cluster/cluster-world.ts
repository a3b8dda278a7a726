// Several rollcall nodes of one cluster, as processes, on ports of their own, over the etcd that is given.

import { digShort } from '../dns/dig.ts';
import { patientFetch } from '../http/api-client.ts';
import { main, type ServerProcess, startServer } from '../process/server-process.ts';

export interface NodeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Nothing is kept by default. */
  readonly data?: string;
  /** The cluster's own by default. */
  readonly etcd?: readonly string[];
  /** A folder of zone files; the repository's own by default. */
  readonly zones?: string;
  /** Where it listens. */
  readonly host?: string;
  /** What comes before its command. */
  readonly enter?: readonly string[];
}

export class ClusterWorld implements AsyncDisposable {
  readonly #urls: readonly string[];
  readonly #name: string;
  readonly nodes: ServerProcess[] = [];

  constructor(urls: readonly string[], name: string) {
    this.#urls = urls;
    this.#name = name;
  }

  async start(node: string, options: NodeOptions = {}): Promise<ServerProcess> {
    const { env = {}, data = 'none', etcd = this.#urls, host = '127.0.0.1', enter = [], zones } = options;
    const [program, ...before] = enter;
    const started = await startServer({
      data,
      ...(zones === undefined ? {} : { zones }),
      ...{ http: `${host}:0`, dns: `${host}:0` },
      ...(program === undefined ? {} : { command: [program, ...before, process.execPath, main, 'serve'] as const }),
      env: {
        ROLLCALL_DNS_THREADS: '1',
        ROLLCALL_CLUSTER_NAME: this.#name,
        ROLLCALL_CLUSTER_NODE: node,
        ROLLCALL_CLUSTER_LISTEN: '127.0.0.1:0',
        ROLLCALL_CLUSTER_ETCD_ENDPOINTS: etcd.join(','),
        ROLLCALL_CLUSTER_SESSION_SECONDS: '5',
        ...env,
      },
    });
    this.nodes.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag: string | null;
  /** `LIFE-N` of a list. */
  readonly index: string | null;
}

/** A call of the API below `/api/v1`. */
export async function api(node: ServerProcess, method: string, path: string, body?: object): Promise<Answer> {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await patientFetch(`${node.http}/api/v1${path}`, { method, ...content });
  const text = await response.text();
  return {
    status: response.status,
    body: text === '' ? {} : JSON.parse(text),
    etag: response.headers.get('etag'),
    index: response.headers.get('x-rollcall-index'),
  };
}

export function addressesAt(node: ServerProcess, app: string): Promise<string[]> {
  return digShort(node.dnsPort, `${app}.prod.svc A`, hostOf(node));
}

/** The serial that a node answers for the origin. */
export async function serialAt(node: ServerProcess): Promise<number> {
  const [soa = ''] = await digShort(node.dnsPort, 'svc. SOA', hostOf(node));
  return Number(soa.split(' ')[2]);
}

function hostOf(node: ServerProcess): string {
  return node.dnsListens[0]?.host ?? '127.0.0.1';
}
