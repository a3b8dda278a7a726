// The words of a scenario (test/scenario/README.md) -> steps. Nothing is guessed: an unknown word, a missing one, a
// line that belongs to no query are errors that name their line.

import { type TypeName, typeNumbers } from '../dns/packet.ts';

/** A record that a section must have; parts that are not given may be anything. */
export interface Wanted {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly owner?: string;
  readonly type?: string;
  readonly data?: string;
  readonly ttl?: number;
}

export interface Query {
  readonly name: string;
  readonly type: TypeName | number;
  readonly tcp: boolean;
  readonly size: number | undefined;
  readonly class: number;
  readonly opcode: number;
  readonly times: number;
  readonly rcode: string;
  /** `AA TC`, `AA`, `TC` or nothing. */
  readonly flags: string;
  readonly wanted: Wanted[];
  /** Instead of naming the answers. */
  count: number | undefined;
  /** Over all repetitions: how often a record's data stands first, in percent. */
  readonly leads: { readonly data: string; readonly percent: number }[];
}

export type Step = { readonly line: number; readonly text: string } & (
  | { readonly kind: 'zone'; readonly record: string }
  | {
      readonly kind: 'register' | 'renew' | 'patch' | 'cancel';
      readonly place: string;
      readonly body: Record<string, unknown>;
      readonly outcome: string | undefined;
    }
  | { readonly kind: 'fleet'; readonly app: string; readonly size: number; readonly body: Record<string, unknown> }
  | { readonly kind: 'elapse'; readonly ms: number }
  | { readonly kind: 'query'; readonly query: Query }
);

export class ScenarioError extends Error {}

export function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  let query: Query | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    if (line === '') continue;
    const at = { line: index + 1, text: line.trim() };
    const fail = (why: string): never => {
      throw new ScenarioError(`line ${at.line}: ${why}: ${at.text}`);
    };
    const words = at.text.split(/\s+/);
    if (/^\s/.test(line)) {
      if (query === undefined) return fail('a line that belongs to no QUERY');
      addToQuery(query, words, fail);
      continue;
    }
    const step = stepOf(words, fail);
    query = step.kind === 'query' ? step.query : undefined;
    steps.push({ ...at, ...step });
  }
  if (!steps.some(({ kind }) => kind === 'query')) throw new ScenarioError('a scenario without a QUERY shows nothing');
  return steps;
}

type Bare = Step extends infer S ? (S extends Step ? Omit<S, 'line' | 'text'> & Pick<S, 'kind'> : never) : never;
type Fail = (why: string) => never;

function stepOf(
  [verb = '', ...words]: string[],
  fail: Fail,
): Extract<Bare, { query: Query }> | Exclude<Bare, { query: Query }> {
  switch (verb) {
    case 'ZONE':
      return { kind: 'zone', record: words.join(' ') };
    case 'REGISTER':
    case 'RENEW':
    case 'PATCH':
    case 'CANCEL': {
      const arrow = words.indexOf('->');
      const [before, after] = arrow < 0 ? [words, []] : [words.slice(0, arrow), words.slice(arrow + 1)];
      const [app = '', instance = '', ...rest] = before;
      if (instance === '') return fail('an app and an instance are needed');
      if (after.length !== (arrow < 0 ? 0 : 1)) return fail('one outcome is needed behind the arrow');
      const kind = verb.toLowerCase() as 'register' | 'renew' | 'patch' | 'cancel';
      if ((kind === 'renew' || kind === 'cancel') && rest.length > 0) return fail('too many words');
      return { kind, place: `${app}/${instance}`, body: bodyOf(rest, fail), outcome: after[0] };
    }
    case 'FLEET': {
      const [app = '', size = '', ...rest] = words;
      if (!/^\d+$/.test(size)) return fail('an app and a number of instances are needed');
      return { kind: 'fleet', app, size: Number(size), body: bodyOf(rest, fail) };
    }
    case 'ELAPSE': {
      const time = /^([\d.]+)(ms|s)$/.exec(words.join(' '));
      if (time === null) return fail('a time like 88s or 500ms is needed');
      return { kind: 'elapse', ms: Number(time[1]) * (time[2] === 's' ? 1000 : 1) };
    }
    case 'QUERY':
      return { kind: 'query', query: queryOf(words, fail) };
    default:
      return fail(`unknown word ${verb}`);
  }
}

/** `http://10.0.0.7:8080 lease=90s version=1.4.2 tag=a tag=b meta.team=pay` as a registration or a patch. */
function bodyOf(words: readonly string[], fail: Fail): Record<string, unknown> {
  const [addrs, tags]: [string[], string[]] = [[], []];
  const metadata: Record<string, string> = {};
  const body: Record<string, unknown> = {};
  for (const word of words) {
    const [, key = '', value = ''] = /^([\w.]+)=(.*)$/.exec(word) ?? [];
    if (word.includes('://')) addrs.push(word);
    else if (key === 'lease' && /^\d+s$/.test(value)) body['leaseSeconds'] = Number.parseInt(value, 10);
    else if (key === 'ttl' && /^\d+s?$/.test(value)) body['dnsTtl'] = Number.parseInt(value, 10);
    else if (key === 'tag') tags.push(value);
    else if (key === 'weight' || key === 'priority') body[key] = Number(value);
    else if (['version', 'zone', 'group', 'status'].includes(key)) body[key] = value;
    else if (key.startsWith('meta.')) metadata[key.slice(5)] = value;
    else fail(`unknown word ${word}`);
  }
  if (addrs.length > 0) body['addrs'] = addrs;
  if (tags.length > 0) body['tags'] = tags;
  if (Object.keys(metadata).length > 0) body['metadata'] = metadata;
  return body;
}

function queryOf(words: readonly string[], fail: Fail): Query {
  const arrow = words.indexOf('->');
  if (arrow < 0) return fail('what must the answer be? "->" is missing');
  const [name = '', typeText = '', ...knobs] = words.slice(0, arrow);
  const type = typeText.startsWith('TYPE') ? Number(typeText.slice(4)) : (typeText as TypeName);
  if (typeof type === 'string' && !Object.hasOwn(typeNumbers, type)) return fail(`unknown type ${typeText}`);
  let [tcp, size, klass, opcode, times]: [boolean, number | undefined, number, number, number] = [false, 1232, 1, 0, 1];
  for (const knob of knobs) {
    const [, key = '', value = ''] = /^\+(\w+)(?:=(\d+))?$/.exec(knob) ?? [];
    if (key === 'tcp' && value === '') tcp = true;
    else if (key === 'noedns' && value === '') size = undefined;
    else if (key === 'bufsize' && value !== '') size = Number(value);
    else if (key === 'class' && value !== '') klass = Number(value);
    else if (key === 'opcode' && value !== '') opcode = Number(value);
    else if (key === 'times' && value !== '') times = Number(value);
    else fail(`unknown word ${knob}`);
  }
  const [rcode = '', ...rest] = words.slice(arrow + 1);
  if (!/^[A-Z]{5,8}$/.test(rcode)) return fail('an rcode is needed behind the arrow');
  const flags = ['AA', 'TC'].filter((flag) => rest.slice(0, 2).includes(flag));
  const query = {
    name,
    type,
    tcp,
    size,
    class: klass,
    opcode,
    times,
    rcode,
    flags: flags.join(' '),
    wanted: [],
    count: undefined,
    leads: [],
  };
  addInline(query, rest.slice(flags.length), fail);
  return query;
}

/** Behind the flags: data of one word each, then `authority` and types; `ttl=` is for those before it. */
function addInline(query: Query, words: readonly string[], fail: Fail): void {
  let section: Wanted['section'] = 'answer';
  let waiting: Wanted[] = [];
  const add = (ttl?: number) => {
    query.wanted.push(...waiting.map((one) => (ttl === undefined ? one : { ...one, ttl })));
    waiting = [];
  };
  for (const word of words) {
    const [, key, number] = /^(ttl|count)=(\d+)$/.exec(word) ?? [];
    if (key === 'count') query.count = Number(number);
    else if (key === 'ttl') add(Number(number));
    else if (word === 'authority') {
      add();
      section = 'authority';
    } else if (word.includes('=') || /^(AA|TC|additional)$/.test(word)) fail(`unknown word ${word}`);
    else waiting.push(section === 'answer' ? { section, data: word } : { section, type: word });
  }
  add();
}

/** `ANSWER data`, `AUTHORITY owner type data`, `ADDITIONAL owner type data`, each with `ttl=` last; `LEADS data 25%`. */
function addToQuery(query: Query, [verb = '', ...words]: string[], fail: Fail): void {
  const [, number] = /^ttl=(\d+)$/.exec(words.at(-1) ?? '') ?? [];
  const ttl = number === undefined ? {} : { ttl: Number(number) };
  const rest = number === undefined ? words : words.slice(0, -1);
  const [owner = '', type = '', ...data] = rest;
  if (verb === 'ANSWER' && rest.length > 0) query.wanted.push({ section: 'answer', data: rest.join(' '), ...ttl });
  else if ((verb === 'AUTHORITY' || verb === 'ADDITIONAL') && data.length > 0) {
    const section = verb === 'AUTHORITY' ? 'authority' : 'additional';
    query.wanted.push({ section, owner, type, data: data.join(' '), ...ttl });
  } else if (verb === 'OWNER' && words.length === 1) {
    const named = query.wanted.map((one) => (one.section === 'answer' ? { ...one, owner } : one));
    query.wanted.splice(0, named.length, ...named);
  } else if (verb === 'LEADS' && /^\d+%$/.test(words.at(-1) ?? '')) {
    query.leads.push({ data: words.slice(0, -1).join(' '), percent: Number.parseInt(words.at(-1) ?? '', 10) });
  } else fail(`unknown word ${verb}, or nothing behind it`);
}
