// Query parameters, read strictly: an unknown, repeated or malformed one is a problem, all of them at once. A filter
// that is misspelt and ignored would send traffic to the wrong instances, so nothing is ignored.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Life } from '../../model/life.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { isPrintable } from '../../model/text.ts';
import { invalidRequest, sendProblem } from '../server/problem-details.ts';

/** Longer than any legal value, so that the parser that knows the rule reports the fault. */
const valueCharactersMax = 2048;
const repeatsMax = 32;

export class QueryReader {
  readonly problems: Problem[] = [];
  readonly #values = new Map<string, string[]>();

  /** `known` are the parameters of the call. */
  constructor(request: FastifyRequest, known: readonly string[]) {
    const start = request.url.indexOf('?');
    if (start < 0) return;
    const text = request.url.slice(start + 1);
    if (!isDecodable(text)) {
      this.problems.push(problem('query', 'has a percent sign that does not begin an escape of UTF-8 text', text));
      return;
    }
    for (const [name, value] of new URLSearchParams(text)) this.#add(name, value, known);
  }

  #add(name: string, value: string, known: readonly string[]): void {
    if (!known.includes(name)) {
      const list = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
      this.problems.push(problem(name.slice(0, 63), `is not a parameter of this call: ${list}`));
    } else if (value.length > valueCharactersMax || !isPrintable(value)) {
      this.problems.push(problem(name, `must be printable text of at most ${valueCharactersMax} characters`, value));
    } else {
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else if (values.length <= repeatsMax) {
        values.push(value);
        if (values.length > repeatsMax) this.problems.push(problem(name, `must be given at most ${repeatsMax} times`));
      }
    }
  }

  /** The value of a parameter that may be given once. */
  text(name: string): string | undefined {
    const values = this.#values.get(name);
    if (values === undefined) return undefined;
    if (values.length > 1) this.problems.push(problem(name, 'must be given once', `${values.length} values`));
    return values[0];
  }

  /** The values of a parameter that may be repeated; undefined where it is not given. */
  texts(name: string): readonly string[] | undefined {
    return this.#values.get(name);
  }

  /** A whole number within limits. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.problems.push(problem(name, `must be a whole number ${min}-${max}`, text));
    return undefined;
  }

  /** A revision, as `LIFE-N` or `N`; `other`: one of another life. */
  revision(name: string, life: Life): number | 'other' | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const revision = life.revisionOf(text);
    if (revision === undefined)
      this.problems.push(problem(name, `must be as given before, such as ${life.textOf(1)}, or a whole number`, text));
    return revision;
  }

  /** A span of time in milliseconds: `500ms`, `30s`, `5m`, `2h`, `7d`, or plain seconds. */
  durationMs(name: string, maxMs: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parts = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text);
    const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    const value = parts === null ? Number.NaN : Number(parts[1]) * unitMs[(parts[2] ?? 's') as keyof typeof unitMs];
    if (value <= maxMs) return value;
    const form = 'must be a time such as 500ms, 30s or 5m';
    this.problems.push(problem(name, Number.isNaN(value) ? form : `must be at most ${maxMs / 1000}s`, text));
    return undefined;
  }

  /** Answers with a 400 where there are problems; true: it did. */
  refused(reply: FastifyReply, what: string, others: readonly Problem[] = []): boolean {
    const problems = [...others, ...this.problems];
    if (problems.length === 0) return false;
    sendProblem(reply, invalidRequest(what, problems));
    return true;
  }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
