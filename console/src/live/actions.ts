// What can be done to an instance, each after a question: drain, up, weight, cancel. A write carries the ETag of what was
// shown (`If-Match`), so that nothing is done to an instance that another client has changed meanwhile. A right that the
// token lacks (403) is remembered: the action is then offered no more, and says why.

import { signal } from '@preact/signals';
import { call, failureText, type Result } from '../api/http.ts';
import type { InstanceContent, StopReply } from '../api/shapes.ts';
import { type Question, question } from '../parts/confirm.tsx';
import { denied, noteDenied } from '../session.ts';

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
export function whyNot(action: Action, target: Target): string | undefined {
  return denied.value.get(`${action} ${target.env}/${target.appid}`);
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

function noteSafe(target: Target): (reply: StopReply) => void {
  return ({ safeToStopAt }) => {
    safeTimes.value = new Map(safeTimes.value).set(pathOf(target), safeToStopAt);
  };
}

function matching(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-match': etag };
}

export function askDrain(target: InstanceContent, etag: string | undefined, done: () => void): void {
  const query = (reason: string) => ({ reason: reason === '' ? undefined : reason });
  ask({
    title: `Drain ${target.instance}?`,
    text:
      target.status === 'waiting'
        ? 'It is waiting already. Draining again changes nothing, and says from when on it is safe to stop.'
        : 'It leaves every DNS answer at once and stays registered. Resolvers may hold its address a little longer: the page counts down until it is safe to stop.',
    act: `Drain ${target.instance}`,
    run: (reason) =>
      act(
        'drain',
        target,
        () => call<StopReply>('POST', `${pathOf(target)}/drain`, { query: query(reason), headers: matching(etag) }),
        (reply) => {
          noteSafe(target)(reply);
          done();
        },
      ),
  });
}

export function askUp(target: InstanceContent, etag: string | undefined, done: () => void): void {
  ask({
    title: `Bring ${target.instance} back?`,
    text: 'DNS answers with it again.',
    act: `Bring ${target.instance} up`,
    run: (reason) =>
      act('up', target, patch(target, { status: 'up' }, reason, etag), () => {
        const times = new Map(safeTimes.value);
        times.delete(pathOf(target));
        safeTimes.value = times;
        done();
      }),
  });
}

const weightMax = 65_535;

export function askWeight(target: InstanceContent, etag: string | undefined, done: () => void): void {
  ask({
    title: `Change the weight of ${target.instance}?`,
    text: `Its share of the traffic of ${target.appid} among instances of priority ${target.priority}. Now ${target.weight}; 10 is the default.`,
    act: 'Change the weight',
    number: { label: 'Weight', value: target.weight, max: weightMax },
    run: (reason, weight) => act('weight', target, patch(target, { weight }, reason, etag), done),
  });
}

export function askCancel(target: InstanceContent, etag: string | undefined, done: () => void): void {
  ask({
    title: `Cancel ${target.instance}?`,
    text: 'Its registration is removed and it leaves every answer at once. It comes back when it registers again, or by a restore.',
    act: `Cancel ${target.instance}`,
    isDanger: true,
    run: (reason) =>
      act(
        'cancel',
        target,
        () =>
          call<StopReply>('DELETE', pathOf(target), {
            query: { reason: reason === '' ? undefined : reason },
            headers: matching(etag),
          }),
        (reply) => {
          noteSafe(target)(reply);
          done();
        },
      ),
  });
}

function patch(target: Target, body: unknown, reason: string, etag: string | undefined) {
  const query = { reason: reason === '' ? undefined : reason };
  return () => call<unknown>('PATCH', pathOf(target), { body, query, headers: matching(etag) });
}

function ask(asked: Question): void {
  question.value = asked;
}
