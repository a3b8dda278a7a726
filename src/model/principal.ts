// Who calls, and what that caller may do. There is one road from credentials to a principal (http/server/auth.ts for
// HTTP), and every write passes `may` in control. Rights can be narrowed to an env, an app or an instance; the tokens of
// today, and anonymous callers where no token is set, have them all.

import type { PrincipalKind } from './change.ts';

export type Right = 'read' | 'register' | 'operate' | 'metrics' | 'admin';

export interface Principal {
  readonly kind: PrincipalKind;
  /** Of a token, a file or a peer; empty where the kind is enough. */
  readonly name: string;
  /** A place that is left out means: anywhere. */
  may(right: Right, env?: string, appid?: string, instance?: string): boolean;
}

/** A principal that may do everything. */
export function unrestricted(kind: PrincipalKind, name = ''): Principal {
  return { kind, name, may: () => true };
}

/** A principal that may do nothing: a caller that has shown no credentials where some are needed. */
export const unauthenticated: Principal = { kind: 'anonymous', name: '', may: () => false };
