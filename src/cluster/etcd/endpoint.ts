// One member of etcd, written as people give it: `https://10.0.0.1:2379`. Only scheme, host and port: a path or a
// password in it would be ignored, so it is refused.

import { isIP } from 'node:net';
import { type Problem, problem } from '../../model/problem.ts';

export interface EtcdEndpoint {
  /** As it is shown. */
  readonly url: string;
  readonly isTls: boolean;
  /** What gRPC resolves. Three slashes: no DNS server of its own. */
  readonly target: string;
  /** The host where it is an address; undefined: a name. */
  readonly address: string | undefined;
}

const defaultPort = '2379';

export function parseEndpoint(text: string, field: string): EtcdEndpoint | Problem {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return problem(field, 'must be a URL of the form https://host:2379', text);
  if (url.username !== '' || url.password !== '')
    return problem(field, 'must not hold a user or password; give them as user and passwordFile', url.host);
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '' || url.hash !== '')
    return problem(field, 'must end after the port', text);
  // URL drops a port that is the scheme's own.
  const schemePort = url.protocol === 'https:' ? '443' : '80';
  const port = url.port !== '' ? url.port : new RegExp(`:${schemePort}/?$`).test(text) ? schemePort : defaultPort;
  const host = `${url.hostname}:${port}`;
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  return {
    url: `${url.protocol}//${host}`,
    isTls: url.protocol === 'https:',
    target: `dns:///${host}`,
    address: isIP(bare) === 0 ? undefined : bare,
  };
}
