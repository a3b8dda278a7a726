// Which of the checks that are due is run next, while only so many may run at a time. Envs take turns, and within an env
// its apps, so that an app with a thousand checks waits behind itself. No app can take all slots before the others are served:
// an app may hold as many as are free, an env three times as many (Choudhury and Hahne's dynamic threshold), so one app
// alone takes half, two a third each, and some are always left. Quick checks go before slow ones, which leave the last
// tenth of the slots to them, but every fourth turn looks at slow ones first. Shares are counted for quick and slow ones
// apart, so that the slow checks of an app leave room for its quick ones.
// Limits: a check that runs is not stopped for another; its own timeout ends it.

/** Owned by the slots while the check waits or runs. */
export interface Slotted {
  readonly env: string;
  readonly appid: string;
  /** Expected to answer at once. */
  readonly isQuick: boolean;
}

interface Running {
  count: number;
  readonly apps: Map<string, number>;
}

type Waiting<Item> = Map<string, Map<string, Set<Item>>>;

const envShare = 3;
const reservedShare = 0.1;
const slowTurn = 4;

export class CheckSlots<Item extends Slotted> {
  readonly #max: number;
  readonly #quick: Waiting<Item> = new Map();
  readonly #slow: Waiting<Item> = new Map();
  readonly #quickRunning = new Map<string, Running>();
  readonly #slowRunning = new Map<string, Running>();
  #taken = 0;
  #turn = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Slots that are held. */
  get taken(): number {
    return this.#taken;
  }

  /** A check is due and waits for a slot. */
  add(item: Item): void {
    const waiting = this.#waitingOf(item);
    const apps = entry(waiting, item.env, () => new Map<string, Set<Item>>());
    entry(apps, item.appid, () => new Set<Item>()).add(item);
  }

  /** A check waits no more; nothing happens where it did not. */
  remove(item: Item): void {
    const waiting = this.#waitingOf(item);
    const apps = waiting.get(item.env);
    const items = apps?.get(item.appid);
    if (apps === undefined || items === undefined) return;
    items.delete(item);
    if (items.size === 0) apps.delete(item.appid);
    if (apps.size === 0) waiting.delete(item.env);
  }

  /** Takes a slot for the check whose turn it is; undefined: none waits that may have one. */
  next(): Item | undefined {
    const free = this.#max - this.#taken;
    if (free <= 0) return undefined;
    const maySlow = free > Math.floor(this.#max * reservedShare);
    const isSlowTurn = ++this.#turn % slowTurn === 0;
    const order = isSlowTurn ? [this.#slow, this.#quick] : [this.#quick, this.#slow];
    for (const waiting of order) {
      if (waiting === this.#slow && !maySlow) continue;
      const item = this.#pick(waiting, free);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** A check has ended that `next` gave a slot; it is as quick as it was then. */
  ended({ env, appid, isQuick }: Item): void {
    this.#taken--;
    const lane = this.#runningOf(isQuick);
    const running = lane.get(env) as Running;
    running.count--;
    const left = (running.apps.get(appid) as number) - 1;
    if (left > 0) running.apps.set(appid, left);
    else running.apps.delete(appid);
    if (running.count === 0) lane.delete(env);
  }

  /** Looks past those that hold their share: there are no more of them than slots. */
  #pick(waiting: Waiting<Item>, free: number): Item | undefined {
    for (const [env, apps] of waiting) {
      for (const [appid, [item]] of apps) {
        if (item === undefined || !this.#mayTake(item, free)) continue;
        this.remove(item);
        rotate(apps, appid);
        rotate(waiting, env);
        this.#take(item);
        return item;
      }
    }
    return undefined;
  }

  #mayTake({ env, appid, isQuick }: Item, free: number): boolean {
    const running = this.#runningOf(isQuick).get(env);
    const own = running?.apps.get(appid) ?? 0;
    return own === 0 || (own < free && (running?.count ?? 0) < envShare * free);
  }

  #take({ env, appid, isQuick }: Item): void {
    this.#taken++;
    const running = entry(this.#runningOf(isQuick), env, () => ({ count: 0, apps: new Map<string, number>() }));
    running.count++;
    running.apps.set(appid, (running.apps.get(appid) ?? 0) + 1);
  }

  #runningOf(isQuick: boolean): Map<string, Running> {
    return isQuick ? this.#quickRunning : this.#slowRunning;
  }

  #waitingOf({ isQuick }: Item): Waiting<Item> {
    return isQuick ? this.#quick : this.#slow;
  }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** To the end of the order, where it is still there. */
function rotate<Key, Value>(map: Map<Key, Value>, key: Key): void {
  const value = map.get(key);
  if (value === undefined) return;
  map.delete(key);
  map.set(key, value);
}
