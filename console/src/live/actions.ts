// What can be done to an instance, each after a question: drain, up, weight, cancel. A write carries the ETag of what was
// shown (`If-Match`), so that nothing is done to an instance that another client has changed meanwhile. A right that the
// token lacks (whoami; or a 403, which is remembered) turns the action off, with the reason.

import { signal } from '@preact/signals';
import { call, failureText, type Result } from '../api/http.ts';
import type { InstanceContent, Right, StopReply } from '../api/shapes.ts';
import { question } from '../parts/confirm.tsx';
import { denied, noteDenied } from '../session.ts';
import { caller, callerText, may } from './caller.ts';

export type Action = 'drain' | 'up' | 'weight' | 'cancel' | 'restore';

/** Until when resolvers may hold what was drained or cancelled here: path -> time of the server. */
export const safeTimes = signal<ReadonlyMap<string, string>>(new Map());

export interface Target {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
}

export function pathOf({ env, appid, instance }: Target): string {
  return `api/v1/apps/${env}/${appid}/${encodeURIComponent(instance)}`;
}

/** Why the action is not offered; undefined: it is. */
export function whyNot(action: Action, target: InstanceContent): string | undefined {
  const place = `${target.env}/${target.appid}`;
  return denied.value.get(`${action} ${place}`) ?? lacks(rightsFor(action, target), target.env, target.appid);
}

/** That the caller has none of these rights there; undefined: it has one. */
export function lacks(rights: readonly Right[], env?: string, appid?: string): string | undefined {
  const known = caller.value;
  if (known === undefined || rights.some((right) => may(right, env, appid))) return undefined;
  const where = env === undefined ? 'all envs' : appid === undefined ? env : `${env}/${appid}`;
  return `For ${callerText(known)}: the right ${rights.join(' or ')} is missing for ${where}.`;
}

/** One of them is enough. */
function rightsFor(action: Action, { override }: InstanceContent): readonly Right[] {
  if (action === 'drain') return ['register', 'operate'];
  if (action === 'up') return override === undefined ? ['register'] : ['operate'];
  return action === 'restore' ? ['operate'] : ['register'];
}

/** Does it; text is what went wrong. */
async function act<T>(
  action: Action,
  target: Target,
  run: () => Promise<Result<T>>,
  done: (value: T) => void,
): Promise<string | undefined> {
  const result = await run();
  if (result.kind === 'ok') {
    done(result.value);
    return undefined;
  }
  if (result.kind === 'problem' && result.problem.status === 403)
    noteDenied(`${action} ${target.env}/${target.appid}`, result.problem);
  return failureText(result);
}

function noteSafe(target: Target, done: () => void): (reply: StopReply) => void {
  return ({ safeToStopAt }) => {
    safeTimes.value = new Map(safeTimes.value).set(pathOf(target), safeToStopAt);
    done();
  };
}

function matching(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-match': etag };
}

/** How long a drain lasts; without a hold it ends with the next registration as up. */
const holds = [
  ['', 'until it registers again as up'],
  ['1h', '1 hour, even if it registers as up'],
  ['8h', '8 hours, even if it registers as up'],
  ['7d', '7 days, even if it registers as up'],
] as const;

/** A hold is the operator's, a plain drain the registrant's. */
function holdsFor({ env, appid }: Target): readonly (readonly [value: string, title: string])[] {
  return holds.filter(([value]) => may(value === '' ? 'register' : 'operate', env, appid));
}

export function askDrain(target: InstanceContent, etag: string | undefined, done: () => void): void {
  question.value = {
    title: `Drain ${target.instance}?`,
    text: 'It leaves every DNS answer at once and stays registered. Resolvers may hold its address a little longer: the page counts down until it is safe to stop.',
    act: `Drain ${target.instance}`,
    choice: { label: 'Stays out', options: holdsFor(target) },
    run: ({ reason, choice }) =>
      act(
        'drain',
        target,
        () => drain(target, etag, { ...given(reason), ...(choice === '' ? {} : { hold: choice }) }),
        noteSafe(target, done),
      ),
  };
}

/** Draining what is drained changes nothing, and returns from when on it is safe to stop. */
export function askWhenSafe(target: InstanceContent, etag: string | undefined, done: () => void): void {
  question.value = {
    title: `Is it safe to stop ${target.instance}?`,
    text: 'It is waiting. The server is asked until when resolvers may hold its address: a drain that changes no answer.',
    act: 'Ask',
    run: ({ reason }) => act('drain', target, () => drain(target, etag, given(reason)), noteSafe(target, done)),
  };
}

function drain(target: Target, etag: string | undefined, query: Readonly<Record<string, string>>) {
  return call<StopReply>('POST', `${pathOf(target)}/drain`, { query, headers: matching(etag) });
}

export function askUp(target: InstanceContent, etag: string | undefined, done: () => void): void {
  const { override } = target;
  question.value = {
    title: `Bring ${target.instance} up?`,
    text:
      override === undefined
        ? 'DNS answers with it again.'
        : `The drain by ${override.by} ends, and DNS answers with it again.`,
    act: `Bring ${target.instance} up`,
    run: ({ reason }) =>
      act(
        'up',
        target,
        () => bringUp(target, etag, given(reason)),
        () => {
          const times = new Map(safeTimes.value);
          times.delete(pathOf(target));
          safeTimes.value = times;
          done();
        },
      ),
  };
}

/** An override is ended; what the registrant wants to be waiting is patched. */
async function bringUp(target: InstanceContent, etag: string | undefined, query: Readonly<Record<string, string>>) {
  const path = pathOf(target);
  const wanted = target.override?.wanted ?? 'waiting';
  if (wanted === 'waiting') {
    const patched = await call<unknown>('PATCH', path, { body: { status: 'up' }, query, headers: matching(etag) });
    if (patched.kind !== 'ok' || target.override === undefined) return patched;
    return call<unknown>('POST', `${path}/up`, { query });
  }
  return call<unknown>('POST', `${path}/up`, { query, headers: matching(etag) });
}

const weightMax = 65_535;

export function askWeight(target: InstanceContent, etag: string | undefined, done: () => void): void {
  question.value = {
    title: `Change the weight of ${target.instance}?`,
    text: `Its share of the traffic of ${target.appid} among instances of priority ${target.priority}. Now ${target.weight}; 10 is the default.`,
    act: 'Change the weight',
    number: { label: 'Weight', value: target.weight, max: weightMax },
    run: ({ reason, number }) =>
      act(
        'weight',
        target,
        () =>
          call<unknown>('PATCH', pathOf(target), {
            body: { weight: number },
            query: given(reason),
            headers: matching(etag),
          }),
        done,
      ),
  };
}

export function askCancel(target: InstanceContent, etag: string | undefined, done: () => void): void {
  question.value = {
    title: `Cancel ${target.instance}?`,
    text: 'Its registration is removed and it leaves every answer at once. It comes back when it registers again, or by a restore.',
    act: `Cancel ${target.instance}`,
    isDanger: true,
    run: ({ reason }) =>
      act(
        'cancel',
        target,
        () => call<StopReply>('DELETE', pathOf(target), { query: given(reason), headers: matching(etag) }),
        noteSafe(target, done),
      ),
  };
}

function given(reason: string): Record<string, string> {
  return reason === '' ? {} : { reason };
}
