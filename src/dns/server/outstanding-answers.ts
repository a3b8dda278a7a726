// Until when an answer that names an instance may still be in a cache, so that a drain knows when no resolver holds the
// address any more. Every answer opens a serve record; the ledger of its app (app-ledger.ts) notes the instances that the
// answer leads to and the TTL. Serving the answer again from the cache costs one store into its record. A record is closed
// when its answer cannot be served again: the app has changed, or the cache has evicted it. It stays in the ledger for as
// long as the answer may be cached.
// Belongs to one handler: a data plane in several threads has one in each, and the latest of their times counts.
// Answers that are read off a view's numbers (direct-replies.ts) open no record: the view itself remembers when it was read
// for an instance, and says so when it is asked, or when the instance changes.
// Exact for each instance: one that was in no answer (another was asked for, or chosen, or fitted) is in no cache. Only of a
// large app whose instances share addresses or host names an answer may count for all of them.
// Limits: open records live no longer than the answers that are kept, closed ones as long as those may be cached and until
// the cleanup cursor (see #cleanUp) reaches them; what an app's ledger holds is limited there.

import type { AnsweredInstance, AnswersHeld, ServeRecord } from '../../model/answers-held.ts';
import type { Instance } from '../../model/instance.ts';
import { instanceKey } from '../../model/names.ts';
import type { LeasedInstance } from '../../model/view.ts';
import type { InstanceChange } from '../services/apps/instance-change.ts';
import { AppLedger, holdingMs } from './app-ledger.ts';
import type { AnsweredInstances } from './instances-in.ts';

/** Ledgers that the cleanup cursor passes with every answer that is made: more than one, or new apps would outrun it. */
const ledgersPerAnswer = 2;
const never = Number.NEGATIVE_INFINITY;

/** When an answer that was read off a view's numbers last led to an instance, and for how many seconds. */
export type AnsweredOf = (instance: AnsweredInstance) => { readonly ms: number; readonly ttl: number } | undefined;

export class OutstandingAnswers {
  readonly #sinceMs: number;
  readonly #envs = new Map<string, Map<string, AppLedger>>();
  /** Of answers without an instance: there is nothing to remember. */
  readonly #noInstances: ServeRecord = { lastServedMs: never, isOpen: true };
  readonly #answeredOf: AnsweredOf;
  #cleanupCursor: Iterator<AppLedger> = this.#allLedgers();

  /**
   * `sinceMs`: when this process began to answer. What an earlier one had served is not known: until the TTL of an
   * instance has passed since then, it counts as served at that moment. `answeredOf`: of a view that answers are read off.
   */
  constructor(sinceMs: number, answeredOf: AnsweredOf = () => undefined) {
    this.#sinceMs = sinceMs;
    this.#answeredOf = answeredOf;
  }

  /** An answer that leads to these instances is served now. To be closed by the caller. */
  open(answered: readonly AnsweredInstances[], nowMs: number): ServeRecord {
    if (answered.length === 0) return this.#noInstances;
    this.#cleanUp(nowMs);
    const record = { lastServedMs: nowMs, isOpen: true };
    for (const { instances, ttl, isAll = false } of answered)
      this.#ledgerOf(appOf(instances)).open(record, isAll ? 'all' : instances, ttl, nowMs);
    return record;
  }

  /** Its answer will not be served again. Idempotent. */
  close(record: ServeRecord): void {
    if (record !== this.#noInstances) record.isOpen = false;
  }

  /** A change listener: no answer made before it is served again. */
  changed({ before, after, answeredMs = never }: InstanceChange, nowMs: number): void {
    const { env, appid } = (after ?? before) as Instance;
    this.#envs.get(env)?.get(appid)?.closeAll();
    if (before === undefined) return;
    this.#keepEarlierLife(before, after, nowMs);
    const untilMs = answeredMs + holdingMs(before.dnsTtl);
    if (untilMs > nowMs) this.#ledgerOf(before).note(instanceKey(before.instance), answeredMs, untilMs);
  }

  /**
   * Until when answers with this instance may be held, those of an earlier registration under its id included. Right for
   * good once the instance is in no new answer, and the change that took it out has been heard here.
   */
  of(instance: AnsweredInstance, nowMs: number): AnswersHeld {
    const { env, appid, dnsTtl } = instance;
    const held = this.#envs.get(env)?.get(appid)?.held(instanceKey(instance.instance), nowMs);
    const read = this.#answeredOf(instance);
    const readUntilMs = read === undefined ? never : read.ms + holdingMs(read.ttl);
    const before = this.#sinceMs + holdingMs(dnsTtl);
    const heldUntilMs = Math.max(before, held?.heldUntilMs ?? never, readUntilMs);
    const lastServedMs = Math.max(
      held?.lastServedMs ?? never,
      readUntilMs > nowMs && read !== undefined ? read.ms : never,
    );
    return { heldUntilMs, lastServedMs: lastServedMs > never ? lastServedMs : undefined };
  }

  /** What is remembered, for tests of the bounds: instances that answers lead to, and open serve records. */
  get size(): { readonly instances: number; readonly records: number } {
    const records = new Set<ServeRecord>();
    let instances = 0;
    for (const ledger of this.#allLedgers()) {
      instances += ledger.keys().size;
      for (const record of ledger.openRecords()) records.add(record);
    }
    return { instances, records: records.size };
  }

  /** What was served before the start had the TTL of then: a shorter one since does not shorten it. */
  #keepEarlierLife(before: Instance, after: Instance | undefined, nowMs: number): void {
    if (after !== undefined && after.dnsTtl >= before.dnsTtl) return;
    const untilMs = this.#sinceMs + holdingMs(before.dnsTtl);
    if (untilMs > nowMs) this.#ledgerOf(before).note(instanceKey(before.instance), never, untilMs);
  }

  #ledgerOf({ env, appid }: Instance): AppLedger {
    let apps = this.#envs.get(env);
    if (apps === undefined) {
      apps = new Map();
      this.#envs.set(env, apps);
    }
    let ledger = apps.get(appid);
    if (ledger === undefined) {
      ledger = new AppLedger(env, appid);
      apps.set(appid, ledger);
    }
    return ledger;
  }

  /** The cursor goes round over all ledgers, a few with every answer that is made: no sweep, no timer. */
  #cleanUp(nowMs: number): void {
    for (let count = 0; count < ledgersPerAnswer; count++) {
      const { value: ledger, done } = this.#cleanupCursor.next();
      if (done === true) {
        this.#cleanupCursor = this.#allLedgers();
        return;
      }
      if (!ledger.isEmptied(nowMs)) continue;
      const apps = this.#envs.get(ledger.env);
      apps?.delete(ledger.appid);
      if (apps?.size === 0) this.#envs.delete(ledger.env);
    }
  }

  *#allLedgers(): Generator<AppLedger> {
    for (const apps of this.#envs.values()) yield* apps.values();
  }
}

/** Records of one RRset are of one app. */
function appOf([first]: AnsweredInstances['instances']): Instance {
  return ((Array.isArray(first) ? first[0] : first) as LeasedInstance).instance;
}
