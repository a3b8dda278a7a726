// What a name of a request is among the registry's, from its octets: certainly none, or an app's own name. Most names that
// are asked for are one or the other, and to find that out should cost less than to make an answer: programs ask for apps,
// search lists, misled programs and floods for names that are not there, without number. No text is made of any.
// It follows service-name.ts and stops where that would go on with selectors, ports or browsing: what begins with an
// underscore, and what lies below an instance, is left to it.

import type { AppView, KnownName, RegistryView } from '../../../model/view.ts';
import { hashPrime, hashStart, mixed } from '../../../runtime/text-hash.ts';
import type { RequestName } from '../../message/request-name.ts';

const underscore = 0x5f;
const dot = 0x2e;

export class RequestedNames {
  readonly #originLabels: number;
  readonly #view: RegistryView;
  /** Of the name that was asked about last: */
  #name: RequestName | undefined;
  #reads = 0;
  #envAt = 0;
  #isEnvKnown = false;
  /** where the longest part of it begins that is an app's name or the end of some, and what is known there. */
  #knownAt = 0;
  #known: KnownName | undefined;

  constructor(originLabels: number, view: RegistryView) {
    this.#originLabels = originLabels;
    this.#view = view;
  }

  /** The app whose name it is; `name`: at or below the origin. Undefined: it is no app's, or that is not certain at a glance. */
  appOf(name: RequestName): AppView | undefined {
    if (name.labels < this.#originLabels + 2 || name.beginsWith(0, underscore)) return undefined;
    this.#find(name);
    return this.#knownAt === 0 ? this.#app(name) : undefined;
  }

  /** `name`: at or below the origin. False: it is there, or may be. */
  isAbsent(name: RequestName): boolean {
    const envAt = name.labels - this.#originLabels - 1;
    if (envAt < 0 || this.#view.knownWithHash === undefined) return false;
    for (let label = 0; label <= envAt; label++) if (name.beginsWith(label, underscore)) return false;
    this.#find(name);
    if (!this.#isEnvKnown) return true;
    if (this.#knownAt === envAt) return envAt > 0;
    return this.#knownAt > 0 && this.#isBelow(name, this.#knownAt, this.#app(name));
  }

  /** Precondition: the name is below the origin. */
  #find(name: RequestName): void {
    if (this.#name === name && this.#reads === name.reads) return;
    this.#name = name;
    this.#reads = name.reads;
    const view = this.#view;
    const envAt = name.labels - this.#originLabels - 1;
    const seed = envHash(name, envAt);
    this.#envAt = this.#knownAt = envAt;
    this.#known = undefined;
    this.#isEnvKnown = view.knownWithHash?.(mixed(seed) | 0) !== undefined;
    if (!this.#isEnvKnown) return;
    for (let label = envAt - 1; label >= 0; label--) {
      const known = view.knownWithHash?.(placeHash(name, label, envAt, seed));
      if (known === undefined) return;
      this.#known = known;
      this.#knownAt = label;
      // No other ends in it: what lies below is no app's name.
      if (known.count === 1 && known.app !== undefined) return;
    }
  }

  /** The app of the part that is known, unless that was something else of the same hash. */
  #app(name: RequestName): AppView | undefined {
    const app = this.#known?.app;
    const envAt = this.#envAt;
    return app !== undefined && name.isText(this.#knownAt, envAt, app.appid) && name.isText(envAt, envAt + 1, app.env)
      ? app
      : undefined;
  }

  /** Of the app whose name begins at label `appAt`, the longest, no instance has the label before it. */
  #isBelow(name: RequestName, appAt: number, app: AppView | undefined): boolean {
    if (app === undefined) return false;
    const { labelSeed } = app;
    if (labelSeed === undefined) return app.byLabel(name.text(appAt - 1)) === undefined;
    return app.hasLabelHash?.(mixed(name.labelHash(appAt - 1, labelSeed, false))) === false;
  }
}

/** As `appHash` begins with an env; the end of an app's name is hashed as one. */
function envHash(name: RequestName, envAt: number): number {
  return mixed(name.labelHash(envAt, hashStart, false));
}

/** Of the labels from `from` up to the env, with dots between them. */
function placeHash(name: RequestName, from: number, envAt: number, seed: number): number {
  let hash = name.labelHash(from, seed, false);
  for (let label = from + 1; label < envAt; label++)
    hash = name.labelHash(label, Math.imul(hash ^ dot, hashPrime), false);
  // With a sign: V8 makes an object of what does not fit 32 bits with one.
  return mixed(hash) | 0;
}
