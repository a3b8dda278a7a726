// Who calls, by `GET /whoami`: what the credential of this tab may do, where, and until when. Actions that it may not do
// are off, with the reason; calls that it may not make are not made; when it ends while a page is open, the page asks for
// another one. Limits: rights that change meanwhile are seen within `againMs`; the server decides in any case.

import { computed, effect, signal } from '@preact/signals';
import { get } from '../api/http.ts';
import type { Caller, Right } from '../api/shapes.ts';
import { signInReason, token } from '../session.ts';
import { nowMs } from './clock.ts';

/** Undefined: not known yet. */
export const caller = signal<Caller | undefined>(undefined);

const againMs = 60_000;
const retryMs = 5000;

/** `token deploy`, `an anonymous caller`. */
export function callerText({ kind, name }: Pick<Caller, 'kind' | 'name'>): string {
  return name === '' ? (kind === 'anonymous' ? 'an anonymous caller' : `a ${kind}`) : `${kind} ${name}`;
}

/** Whether it has the right there; what is left out means all. Before it is known, nothing is ruled out. */
export function may(right: Right, env?: string, appid?: string): boolean {
  const known = caller.value;
  if (known === undefined) return true;
  return known.allow.some(
    (grant) =>
      (grant.rights.includes(right) || grant.rights.includes('admin')) &&
      covers(grant.env, env) &&
      covers(grant.app, appid),
  );
}

function covers(pattern: string, text: string | undefined): boolean {
  if (/^\*+$/.test(pattern)) return true;
  if (text === undefined) return false;
  const source = pattern.toLowerCase().replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replace(/\*+/g, '.*')}$`).test(text.toLowerCase());
}

/** Known, and with the right for all apps: for calls that are about all of them. */
export const readsAll = computed(() => caller.value !== undefined && may('read'));
export const hasMetrics = computed(() => caller.value !== undefined && may('metrics'));

/** The apps that it may read, as patterns; undefined: all, or not known. */
export const readable = computed((): readonly string[] | undefined => {
  const known = caller.value;
  if (known === undefined || may('read')) return undefined;
  const grants = known.allow.filter(({ rights }) => rights.includes('read') || rights.includes('admin'));
  return [...new Set(grants.map(({ env, app }) => `${env}/${app}`))];
});

export async function readCaller(): Promise<void> {
  const reply = await get<Caller>('api/v1/whoami');
  if (reply.kind === 'ok') caller.value = reply.value;
}

/** Keeps it known while the page is open, and notices its end. */
export function keepCaller(): void {
  let readMs = 0;
  effect(() => {
    // Again with every other token.
    if (token.value !== '' || signInReason.value === undefined) {
      readMs = performance.now();
      caller.value = undefined;
      void readCaller();
    }
  });
  setInterval(() => {
    if (document.visibilityState !== 'visible' || signInReason.value !== undefined) return;
    if (performance.now() - readMs < (caller.value === undefined ? retryMs : againMs)) return;
    readMs = performance.now();
    void readCaller();
  }, retryMs);
  effect(() => {
    const ends = caller.value?.expiresAt;
    if (ends === undefined || ends === null || Date.parse(ends) > nowMs.value) return;
    caller.value = undefined;
    signInReason.value = 'The credential has expired. Sign in again.';
  });
}
