// Calls between a thread and the one that started it, in either direction: what both ends agree on. The messages travel
// on the port that the two have anyway, beside others where there are some; each side posts them as it likes.
// Limits: a call waits for its reply as long as the other side lives; deadlines are the caller's.

/** Posted by the caller. */
export interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Posted back. */
export type CallReply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: Error });

/** Functions by name, as one side offers them to the other; what they return may be a promise. */
type Offered<Functions> = { [Name in keyof Functions]: (...args: never[]) => unknown };

/** The caller's side. */
export class Calls<Functions extends Offered<Functions>> {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #ended: Error | undefined;
  #next = 1;

  /** A call to post, and what will come of it: rejected where the function throws or the other side has ended. */
  open<Name extends keyof Functions & string>(
    name: Name,
    ...args: Parameters<Functions[Name]>
  ): { readonly call: Call; readonly result: Promise<Awaited<ReturnType<Functions[Name]>>> } {
    const id = this.#next++;
    const waiting = Promise.withResolvers<unknown>();
    if (this.#ended === undefined) this.#waiting.set(id, waiting);
    else waiting.reject(this.#ended);
    return { call: { id, name, args }, result: waiting.promise as Promise<Awaited<ReturnType<Functions[Name]>>> };
  }

  settle(reply: CallReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(reply.error);
    else waiting?.resolve(reply.value);
  }

  /** After the end of the other side, expected or not, every call fails. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** The other side: runs the function that is called and replies with its value or error; `reply` is called exactly once. */
export function answerCall<Functions extends Offered<Functions>>(
  { id, name, args }: Call,
  functions: Functions,
  reply: (reply: CallReply) => void,
): void {
  const failed = (error: unknown) => reply({ id, error: error instanceof Error ? error : new Error(String(error)) });
  try {
    const called = functions[name as keyof Functions] as unknown as (...given: readonly unknown[]) => unknown;
    const value = called(...args);
    if (value instanceof Promise) value.then((late: unknown) => reply({ id, value: late }), failed);
    else reply({ id, value });
  } catch (error) {
    failed(error);
  }
}
