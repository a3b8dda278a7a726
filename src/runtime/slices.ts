// Work for many callers, spread over turns of the event loop: a turn does some of it and gives way, so that ten thousand
// callers neither run inside the write that woke them nor hold everything else up in one piece. Tasks take turns with
// each other; one that has more to do goes to the end of the line.
// Limits: callers bound the number of tasks.

import { type Scheduler, systemScheduler } from './scheduler.ts';

export type NextTurn = Scheduler['nextTurn'];

/** Pieces done in one turn at most, and for how long: writes, renewals and DNS get the turns in between. */
const piecesMaxDefault = 256;
const turnMsMax = 5;

export class Slices<Task> {
  readonly #doPiece: (task: Task) => boolean;
  readonly #nextTurn: NextTurn;
  readonly #piecesMax: number;
  #tasks: Task[] = [];
  #isTurnAsked = false;

  /** `doPiece` does a millisecond's work at most and returns whether there is more; it must not throw. */
  constructor(
    doPiece: (task: Task) => boolean,
    nextTurn: NextTurn = systemScheduler.nextTurn,
    piecesMax = piecesMaxDefault,
  ) {
    this.#doPiece = doPiece;
    this.#nextTurn = nextTurn;
    this.#piecesMax = piecesMax;
  }

  add(task: Task): void {
    this.#tasks.push(task);
    this.#askForTurn();
  }

  /** Gives back all that is waiting; none of it will be done. */
  takeAll(): Task[] {
    return this.#tasks.splice(0);
  }

  #turn(): void {
    this.#isTurnAsked = false;
    const untilMs = performance.now() + turnMsMax;
    const more: Task[] = [];
    let count = 0;
    while (count < this.#piecesMax && count < this.#tasks.length && performance.now() < untilMs) {
      const task = this.#tasks[count] as Task;
      count++;
      if (this.#doPiece(task)) more.push(task);
    }
    this.#tasks.splice(0, count);
    this.#tasks.push(...more);
    if (this.#tasks.length > 0) this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    this.#nextTurn(() => this.#turn());
  }
}
