// Whether a name of a request is certainly none of the registry's, from its octets: names that are not there are asked for
// without number (search lists, misled programs, floods), and to find that out should cost less than to make an answer.
// It follows service-name.ts and stops where that would go on with selectors, ports or browsing: what begins with an
// underscore, and what lies below an instance, is left to it.

import type { AppView, RegistryView } from '../../model/view.ts';
import { hashPrime, hashStart, mixed } from '../../runtime/text-hash.ts';
import { type Name, nameOf } from '../message/name.ts';
import type { RequestName } from '../message/request-name.ts';

const underscore = 0x5f;
const dot = 0x2e;

interface Place {
  /** Its labels, without those of the origin. */
  readonly name: Name;
  readonly labels: number;
  readonly env: string;
  /** Undefined: a label of it has a dot. */
  readonly appid: string | undefined;
}

export class AbsentNames {
  readonly #originLabels: number;
  readonly #view: RegistryView;
  /** The app that was looked for last: names below one app come in rows. */
  #latest: Place | undefined;

  constructor(originLabels: number, view: RegistryView) {
    this.#originLabels = originLabels;
    this.#view = view;
  }

  /** `name`: at or below the origin. False: it is there, or may be. */
  isAbsent(name: RequestName): boolean {
    const view = this.#view;
    const envAt = name.labels - this.#originLabels - 1;
    if (envAt < 0 || view.hasHash === undefined) return false;
    for (let label = 0; label <= envAt; label++) if (name.beginsWith(label, underscore)) return false;
    // As `appHash` of an env, and an app's name or the end of one.
    const seed = mixed(name.labelHash(envAt, hashStart, false));
    if (!view.hasHash(mixed(seed) | 0)) return true;
    let appAt = envAt;
    while (appAt > 0 && view.hasHash(placeHash(name, appAt - 1, envAt, seed))) appAt--;
    if (appAt === envAt) return envAt > 0;
    return appAt > 0 && this.#isBelow(name, appAt, envAt);
  }

  /** Of the app whose name begins at label `appAt`, the longest, no instance has the label before it. */
  #isBelow(name: RequestName, appAt: number, envAt: number): boolean {
    const app = this.#appAt(name, appAt, envAt);
    return app !== undefined && app.byLabel(name.text(appAt - 1)) === undefined;
  }

  #appAt(name: RequestName, appAt: number, envAt: number): AppView | undefined {
    const known = this.#latest;
    const isKnown = known?.labels === envAt + 1 - appAt && name.isFrom(appAt, known.name);
    const place = isKnown ? known : placeOf(name, appAt, envAt);
    this.#latest = place;
    // No app has a label with a dot in it.
    const found = place.appid === undefined ? undefined : this.#view.at(place.env, place.appid);
    return typeof found === 'object' ? found : undefined;
  }
}

/** Of the labels from `from` up to the env, with dots between them. */
function placeHash(name: RequestName, from: number, envAt: number, seed: number): number {
  let hash = name.labelHash(from, seed, false);
  for (let label = from + 1; label < envAt; label++)
    hash = name.labelHash(label, Math.imul(hash ^ dot, hashPrime), false);
  // With a sign: V8 makes an object of what does not fit 32 bits with one.
  return mixed(hash) | 0;
}

function placeOf(name: RequestName, appAt: number, envAt: number): Place {
  const labels: string[] = [];
  for (let label = appAt; label < envAt; label++) labels.push(name.text(label));
  const env = name.text(envAt);
  const isApp = labels.every((label) => !label.includes('.'));
  const own = nameOf([...labels, env], '' as Name) as Name;
  return { name: own, labels: labels.length + 1, env, appid: isApp ? labels.join('.') : undefined };
}
