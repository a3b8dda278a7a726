// Typed events, on Node's EventEmitter. A listener that throws is a fault of the program it belongs to: it is thrown again
// outside, where Node says so, and does not break the work in the middle of which it was called.

import { EventEmitter } from 'node:events';

/** `Events`: event name -> the arguments of its listeners. */
export class Speaker<Events extends Record<keyof Events, unknown[]>> {
  readonly #emitter = new EventEmitter();

  on<Name extends keyof Events & string>(event: Name, listener: (...args: Events[Name]) => void): this {
    this.#emitter.on(event, listener as (...args: unknown[]) => void);
    return this;
  }

  once<Name extends keyof Events & string>(event: Name, listener: (...args: Events[Name]) => void): this {
    this.#emitter.once(event, listener as (...args: unknown[]) => void);
    return this;
  }

  off<Name extends keyof Events & string>(event: Name, listener: (...args: Events[Name]) => void): this {
    this.#emitter.off(event, listener as (...args: unknown[]) => void);
    return this;
  }

  protected tell<Name extends keyof Events & string>(event: Name, ...args: Events[Name]): void {
    for (const listener of this.#emitter.rawListeners(event)) {
      try {
        Reflect.apply(listener, this.#emitter, args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  protected fallSilent(): void {
    this.#emitter.removeAllListeners();
  }
}
