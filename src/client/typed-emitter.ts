// Typed events, on Node's EventEmitter. An error thrown by a listener is a fault of the program: it is thrown again
// outside, as an uncaught exception, and does not interrupt the code that emitted the event.

import { EventEmitter } from 'node:events';

/** `Events`: event name -> the arguments of its listeners. */
export class TypedEmitter<Events extends Record<keyof Events, unknown[]>> {
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

  protected emit<Name extends keyof Events & string>(event: Name, ...args: Events[Name]): void {
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

  protected removeAllListeners(): void {
    this.#emitter.removeAllListeners();
  }
}
