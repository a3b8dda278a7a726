// An app and an instance in one word: ENV/APPID and ENV/APPID/INSTANCE. Only the instance may have slashes in it. Whether
// the names are legal is for the server to decide.

import { type CommandFault, usageFault } from './fault.ts';

export interface TypedPath {
  readonly env: string;
  readonly appid: string;
  readonly instance: string | undefined;
}

/** Undefined: it is not of that form. */
export function typedPathOf(text: string): TypedPath | undefined {
  const parts = /^([^/]+)\/([^/]+)(?:\/(.+))?$/s.exec(text);
  return parts === null ? undefined : { env: parts[1] ?? '', appid: parts[2] ?? '', instance: parts[3] };
}

/** The path of one instance; `what` is what cannot be done without it: `cancel`. */
export function typedInstanceOf(text: string, what: string): TypedPath | CommandFault {
  const path = typedPathOf(text);
  if (path?.instance !== undefined) return path;
  return usageFault(
    `Cannot ${what} ${JSON.stringify(text)}: name it as ENV/APPID/INSTANCE, such as prod/orders/orders-1.`,
  );
}

/** The part of the registry that a list is of. */
export interface Scope {
  readonly env: string;
  /** Undefined: all of the env. */
  readonly app: string | undefined;
}

/** ENV or ENV/APPID, as a query has it: `env=prod` or `app=prod/orders`; a fault where it is neither. */
export function scopeOf(text: string, what: string): Scope | CommandFault {
  const [, env = '', appid] = /^([^/]+)(?:\/([^/]+))?$/s.exec(text) ?? [];
  if (env === '')
    return usageFault(`Cannot ${what} ${JSON.stringify(text)}: name an env or an app as ENV or ENV/APPID.`);
  return { env, app: appid === undefined ? undefined : `${env}/${appid}` };
}

/** The path of an app or instance in the API. */
export function apiPathOf({ env, appid, instance }: TypedPath): string {
  const parts = instance === undefined ? [env, appid] : [env, appid, instance];
  return `/api/v1/apps/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
}

export function pathText({ env, appid, instance }: TypedPath): string {
  return instance === undefined ? `${env}/${appid}` : `${env}/${appid}/${instance}`;
}
