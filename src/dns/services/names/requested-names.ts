// What a name of a request is among the registry's, from its octets: certainly none, or an app's own name. Most names that
// are asked for are one or the other, and to find that out should cost less than to make an answer: programs ask for apps,
// search lists, misled programs and floods for names that are not there, without number. No text is made of any.
// It follows service-name.ts and stops where that would go on with selectors, ports or browsing: what begins with an
// underscore, and what lies below an instance, is left to it.

import type { AppView, RegistryView } from '../../../model/view.ts';
import { hashPrime, hashStart, mixed } from '../../../runtime/text-hash.ts';
import type { RequestName } from '../../message/request-name.ts';

const underscore = 0x5f;
const dot = 0x2e;

export class RequestedNames {
  readonly #originLabels: number;
  readonly #view: RegistryView;
  /** Of the name that was asked about last: the hash of its env, and that of all before the env as an app's name. */
  #name: RequestName | undefined;
  #reads = 0;
  #seed = 0;
  #whole = 0;

  constructor(originLabels: number, view: RegistryView) {
    this.#originLabels = originLabels;
    this.#view = view;
  }

  /** The app whose name it is; `name`: at or below the origin. Undefined: it is no app's, or that is not certain at a glance. */
  appOf(name: RequestName): AppView | undefined {
    const envAt = name.labels - this.#originLabels - 1;
    if (envAt < 1 || name.beginsWith(0, underscore)) return undefined;
    this.#hash(name, envAt);
    return this.#appAt(name, 0, envAt, this.#whole);
  }

  /** `name`: at or below the origin. False: it is there, or may be. */
  isAbsent(name: RequestName): boolean {
    const view = this.#view;
    const envAt = name.labels - this.#originLabels - 1;
    if (envAt < 0 || view.hasHash === undefined) return false;
    for (let label = 0; label <= envAt; label++) if (name.beginsWith(label, underscore)) return false;
    this.#hash(name, envAt);
    const seed = this.#seed;
    if (!view.hasHash(mixed(seed) | 0)) return true;
    let appAt = envAt;
    let appHash = 0;
    while (appAt > 0) {
      const hash = appAt === 1 ? this.#whole : placeHash(name, appAt - 1, envAt, seed);
      if (!view.hasHash(hash)) break;
      appHash = hash;
      appAt--;
    }
    if (appAt === envAt) return envAt > 0;
    return appAt > 0 && this.#isBelow(name, appAt, this.#appAt(name, appAt, envAt, appHash));
  }

  #hash(name: RequestName, envAt: number): void {
    if (this.#name === name && this.#reads === name.reads) return;
    this.#name = name;
    this.#reads = name.reads;
    this.#seed = envHash(name, envAt);
    this.#whole = envAt === 0 ? 0 : placeHash(name, 0, envAt, this.#seed);
  }

  /** Of the app whose name begins at label `appAt`, the longest, no instance has the label before it. */
  #isBelow(name: RequestName, appAt: number, app: AppView | undefined): boolean {
    if (app === undefined) return false;
    const { labelSeed } = app;
    if (labelSeed === undefined) return app.byLabel(name.text(appAt - 1)) === undefined;
    return app.hasLabelHash?.(mixed(name.labelHash(appAt - 1, labelSeed, false))) === false;
  }

  #appAt(name: RequestName, from: number, envAt: number, hash: number): AppView | undefined {
    const app = this.#view.appWithHash?.(hash);
    return app !== undefined && name.isText(from, envAt, app.appid) && name.isText(envAt, envAt + 1, app.env)
      ? app
      : undefined;
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
