// The state with which a watch begins: one `snapshot` event for each app, made in pieces while the registry goes on. It
// lists exactly those instances that have not changed since its revision; whatever has changed since comes with the
// changes that follow it, all of them after that revision. So nothing has to be held still or copied, however large
// the registry is, and together they lose nothing and repeat nothing.

import type { ReadView } from '../../control/read-view.ts';
import type { AppRecords } from '../../model/app-records.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { isSelected } from '../../model/selection/filter.ts';
import type { Clock } from '../../runtime/clock.ts';
import { instanceDocument } from '../documents/instance-document.ts';
import type { WatchQuery } from './watch-query.ts';

/** Instances looked at, and octets made, in one piece: below a millisecond. */
const lookedAtMax = 512;
const pieceOctetsMax = 32 * 1024;
/** A renewal may be missing from a text that is shared. */
const sharedMsMax = 50;

export type SnapshotView = Pick<ReadView, 'app' | 'apps'>;

export class Snapshots {
  readonly #view: SnapshotView;
  readonly #clock: Clock;
  /** The last snapshot of a single app that was made in one piece: after a restart thousands ask for the same. */
  #shared = { key: '', atMs: Number.NEGATIVE_INFINITY, text: '' };

  constructor(view: SnapshotView, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  /**
   * The pieces of text, some of them empty; `revision` is the one that the registry has at the time of the call. An app that the
   * query names has its event also when it is empty, others only with an instance to show.
   * Each piece reports the number of events that it ends.
   */
  *pieces(query: WatchQuery, revision: number): Generator<Piece> {
    const { apps, envs, scope } = query;
    for (const { env, appid } of apps) {
      yield* this.#shareable({ env, appid, app: this.#view.app(env, appid), isNamed: true }, query, revision);
    }
    if (apps.length > 0 && envs.length === 0) return;
    for (const env of envs.length === 0 ? [undefined] : envs) {
      let passed = 0;
      for (const app of this.#view.apps(env)) {
        // Also where thousands of apps have nothing to show.
        if (++passed % lookedAtMax === 0) yield nothing;
        if (!scope.covers(app.env, app.appid)) continue;
        yield* this.#app({ env: app.env, appid: app.appid, app, isNamed: false }, query, revision);
      }
    }
  }

  *#shareable(subject: Subject, query: WatchQuery, revision: number): Generator<Piece> {
    const { env, appid, app } = subject;
    // One that has changed since is not sent whole.
    const isWhole = (app?.revision ?? 0) <= revision;
    const key = JSON.stringify([env, appid, app?.revision, query.selection]);
    const nowMs = this.#clock.monotonicMs();
    if (isWhole && this.#shared.key === key && nowMs - this.#shared.atMs <= sharedMsMax) {
      yield { text: this.#shared.text, events: 1 };
      return;
    }
    let count = 0;
    for (const piece of this.#app(subject, query, revision)) {
      count++;
      if (isWhole && count === 1 && piece.events === 1) this.#shared = { key, atMs: nowMs, text: piece.text };
      yield piece;
    }
  }

  *#app({ env, appid, app, isNamed }: Subject, { selection }: WatchQuery, revision: number): Generator<Piece> {
    let text = '';
    let isBegun = false;
    let lookedAt = 0;
    const begin = () => {
      text += `event: snapshot\ndata: {"env":"${env}","appid":"${appid}","instances":[`;
      isBegun = true;
    };
    if (isNamed) begin();
    let separator = '';
    for (const stored of app?.instances() ?? noInstances) {
      if (++lookedAt % lookedAtMax === 0 || text.length > pieceOctetsMax) {
        yield { text, events: 0 };
        text = '';
      }
      if (stored.revision > revision || !isSelected(stored.instance, selection)) continue;
      if (!isBegun) begin();
      text += separator + JSON.stringify(instanceDocument(stored, this.#clock));
      separator = ',';
    }
    if (isBegun) yield { text: `${text}]}\n\n`, events: 1 };
  }
}

export interface Piece {
  readonly text: string;
  /** Events that end with it. */
  readonly events: number;
}

interface Subject {
  readonly env: string;
  readonly appid: string;
  readonly app: AppRecords | undefined;
  readonly isNamed: boolean;
}

const nothing: Piece = { text: '', events: 0 };
const noInstances: readonly InstanceRecord[] = [];
