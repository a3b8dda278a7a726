// A request to another node, by http or https as its URL has it, with what shows that this node is one of the cluster.

import { type Agent, type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { PeerCredentials } from './credentials.ts';

export interface PeerRequest {
  readonly url: string;
  /** Below `/peer/v1/`, with its query. */
  readonly path: string;
  readonly credentials: PeerCredentials;
  /** False: a connection of its own. */
  readonly agent: Agent | false;
}

export function isTls(url: string): boolean {
  return url.startsWith('https:');
}

/** Not sent yet: `end` sends it. */
export function peerRequest(
  { url, path, credentials, agent }: PeerRequest,
  { headers = {}, ...options }: Pick<RequestOptions, 'method' | 'signal'> & { headers?: Record<string, string> },
): ClientRequest {
  const { token, tls } = credentials;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const target = new URL(`/peer/v1/${path}`, url);
  const all = { ...options, agent, headers: { ...headers, ...authorization } };
  // An agent has the certificates of its connections.
  return isTls(url) ? httpsRequest(target, { ...all, ...(agent === false ? tls : {}) }) : httpRequest(target, all);
}
