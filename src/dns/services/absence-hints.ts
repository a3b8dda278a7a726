// What may have been meant by a name that does not exist: an app whose last instance left a moment ago, the
// same app in another env, an env of nearly that name, a tag without `_tag`. Given under `_why`, in EDE and in /resolve, and
// with where the last event is to be read.
// A change listener; what it keeps is small: the envs, and the apps that left last.
// Limits: `leftMax` apps that left; `envsMax` envs are looked at for a question; apps are looked into `looksPerSecond` times.

import type { Instance } from '../../model/instance.ts';
import type { AppView, RegistryView } from '../../model/view.ts';
import { nameOf, nameToText, ROOT } from '../message/name.ts';
import type { InstanceChange } from './apps/instance-change.ts';
import type { LargeApps } from './apps/large-apps.ts';
import { hasValue } from './apps/selector.ts';
import { NameSuggestions } from './names/name-suggestions.ts';

const leftMax = 256;
const envsMax = 256;
const looksPerSecond = 20;
const selectorKeys = ['_tag', '_version', '_group', '_zone', '_port'] as const;

export class AbsenceHints {
  readonly #view: RegistryView;
  readonly #largeApps: LargeApps;
  readonly #wallMs: () => number;
  readonly #closeEnvs = new NameSuggestions();
  #secondStartedMs = Number.NEGATIVE_INFINITY;
  #looks = 0;
  /** Of each env, its instances. */
  readonly #envs = new Map<string, number>();
  /** `prod/orders` and when its last instance left, the app that left last at the end. */
  readonly #left = new Map<string, number>();

  constructor(view: RegistryView, largeApps: LargeApps, wallMs: () => number) {
    this.#wallMs = wallMs;
    this.#view = view;
    this.#largeApps = largeApps;
  }

  changed({ before, after }: InstanceChange): void {
    const { env, appid } = (after ?? before) as Instance;
    if (before === undefined && after !== undefined) {
      this.#envs.set(env, (this.#envs.get(env) ?? 0) + 1);
      if (this.#left.size > 0) this.#left.delete(`${env}/${appid}`);
    } else if (after === undefined) {
      const count = (this.#envs.get(env) ?? 1) - 1;
      if (count > 0) this.#envs.set(env, count);
      else this.#envs.delete(env);
      if (typeof this.#view.at(env, appid) !== 'object') this.#noteLeft(`${env}/${appid}`);
    }
  }

  /** Nothing is registered in an env. */
  forEnv(env: string, asked: string, nowMs: number): string {
    const left = this.#leftNote(env, asked);
    if (left !== '') return left;
    const { named } = this.#closeEnvs.find(env, this.#envNames(), nowMs);
    const close = named.length === 0 ? '' : `; close to it: ${named.join(', ')}`;
    // `orders.svc`: the env was left out.
    return close + (asked === '' ? this.#inEnvs(env) : this.#elsewhere(env, asked));
  }

  /** The env has no such app. */
  forApp(env: string, asked: string): string {
    return this.#leftNote(env, asked) || this.#elsewhere(env, asked);
  }

  /** The app is there, with nothing of these labels left of it. */
  below(app: AppView, labels: readonly string[], nowMs: number): string {
    const value = labels.join('.');
    if (value.startsWith('_') || !this.#mayLook(nowMs)) return '';
    const large = this.#largeApps.of(app);
    const instances = large === undefined ? [...app.instances()] : [];
    const key = selectorKeys.find((one) => {
      const selector = { key: one, value };
      if (large !== undefined) return large.slotsWith(selector).size > 0;
      return instances.some(({ instance }) => hasValue(instance, selector));
    });
    return key === undefined ? '' : `; ${printed(value)}.${key} is one of its selections`;
  }

  #mayLook(nowMs: number): boolean {
    if (nowMs - this.#secondStartedMs >= 1000) {
      this.#secondStartedMs = nowMs;
      this.#looks = 0;
    }
    return ++this.#looks <= looksPerSecond;
  }

  *#envNames(): Generator<{ readonly appid: string }> {
    for (const env of this.#envs.keys()) yield { appid: env };
  }

  #inEnvs(appid: string): string {
    const note = this.#elsewhere('', appid);
    return note === '' ? '' : `; an app has that name: ${note.slice(note.indexOf(': ') + 2)}`;
  }

  #elsewhere(env: string, appid: string): string {
    const found: string[] = [];
    let looks = 0;
    for (const other of this.#envs.keys()) {
      if (++looks > envsMax || found.length === 3) break;
      if (other !== env && typeof this.#view.at(other, appid) === 'object') found.push(`${appid}.${other}`);
    }
    return found.length === 0 ? '' : `; it is registered in another env: ${found.join(', ')}`;
  }

  #leftNote(env: string, appid: string): string {
    const place = `${env}/${appid}`;
    const left = this.#left.get(place);
    if (left === undefined) return '';
    // A time of day: an answer is cached for some seconds, here and by resolvers.
    return `; its last instance left at ${new Date(left).toISOString().slice(0, 19)}Z: rollcall events ${place}`;
  }

  #noteLeft(place: string): void {
    this.#left.delete(place);
    this.#left.set(place, this.#wallMs());
    const [oldest] = this.#left.keys();
    if (this.#left.size > leftMax && oldest !== undefined) this.#left.delete(oldest);
  }
}

/** As the labels of a name are written: a reason is ASCII. */
function printed(value: string): string {
  const name = nameOf(value.split('.'), ROOT);
  return name === undefined ? '' : nameToText(name).slice(0, -1);
}
