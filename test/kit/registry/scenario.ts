// Runs a scenario: text that a DNS operator can read and check (test/scenario/README.md), against registry and handler
// in one process with a clock moved by hand. Every section of every reply must be as in the scenario, no more, no
// less; the echo of id and question is checked each time without being asked for.

import { packet, typeNumbers } from '../dns/packet.ts';
import { type Rec, type Reply, readReply } from '../dns/reply.ts';
import { Harness, keyOf } from './harness.ts';
import { type Query, ScenarioError, type Step, stepsOf, type Wanted } from './scenario-steps.ts';

/** Throws a ScenarioError that names the first line that does not hold. Returns the number of queries asked. */
export function runScenario(text: string): number {
  const steps = stepsOf(text);
  const lines = steps.flatMap((step) => (step.kind === 'zone' ? [step.record] : []));
  const harness = new Harness({ lines });
  let queries = 0;
  for (const step of steps) {
    const fault = run(harness, step);
    if (fault !== undefined) throw new ScenarioError(`line ${step.line}: ${step.text}\n  ${fault}`);
    if (step.kind === 'query') queries += step.query.times;
  }
  if (harness.faults.length > 0) throw new ScenarioError(`faults: ${harness.faults.join(', ')}`);
  return queries;
}

function run(harness: Harness, step: Step): string | undefined {
  switch (step.kind) {
    case 'zone':
      return undefined;
    case 'fleet':
      for (let i = 1; i <= step.size; i++) harness.register(`${step.app}/i${i}`, numbered(step.body, i));
      return undefined;
    case 'elapse':
      harness.elapse(step.ms);
      return undefined;
    case 'query':
      return ask(harness, step.query);
    default:
      return differs(commandOf(harness, step), step.outcome);
  }
}

/** `10.0.0.N` is the N-th instance's address, in the third and fourth octet. */
function numbered(body: Record<string, unknown>, i: number): Record<string, unknown> {
  const host = `${(i >> 8) & 255}.${i & 255}`;
  const addrs = (body['addrs'] as string[] | undefined)?.map((text) => text.replace('0.N', host));
  return addrs === undefined ? body : { ...body, addrs };
}

function commandOf(harness: Harness, { kind, place, body }: Extract<Step, { place: string }>): string {
  const { registry } = harness;
  switch (kind) {
    case 'register':
      return harness.register(place, body).kind;
    case 'renew':
      return registry.renew(keyOf(place)).kind;
    case 'patch':
      return registry.patch(keyOf(place), body).kind;
    default:
      return registry.cancel(keyOf(place)).kind;
  }
}

const successes = ['created', 'replaced', 'unchanged', 'renewed', 'patched', 'cancelled'];

function differs(outcome: string, wanted: string | undefined): string | undefined {
  const isWanted = wanted === undefined ? successes.includes(outcome) : outcome === wanted;
  return isWanted ? undefined : `the outcome is ${outcome}`;
}

function ask(harness: Harness, query: Query): string | undefined {
  const firsts: string[] = [];
  for (let i = 0; i < query.times; i++) {
    const type = typeof query.type === 'number' ? query.type : typeNumbers[query.type];
    const edns = query.size === undefined ? false : { size: query.size };
    const request = packet({ id: i & 0xffff, name: query.name, type, class: query.class, opcode: query.opcode, edns });
    const bytes = harness.send(request, query.tcp ? 'tcp' : 'udp');
    if (bytes === undefined) return 'there was no reply';
    const reply = readReply(bytes);
    const fault = faultOf(reply, query, request);
    if (fault !== undefined) return `${fault}\n  ${shown(reply)}`;
    firsts.push(reply.answer[0]?.data ?? '');
  }
  for (const { data, percent } of query.leads) {
    const share = (100 * firsts.filter((first) => first === data).length) / query.times;
    if (Math.abs(share - percent) > Math.max(1, 0.2 * percent))
      return `${data} comes first in ${share} % of the answers`;
  }
  return undefined;
}

function faultOf(reply: Reply, query: Query, request: Buffer): string | undefined {
  const question = request.subarray(12, 12 + reply.question.length);
  if (reply.id !== request.readUInt16BE(0)) return 'the id is not that of the query';
  if (reply.question.length > 0 && !question.equals(reply.question)) return 'the question is not that of the query';
  if ((reply.opt !== undefined) !== (query.size !== undefined)) return 'OPT in the reply and in the query differ';
  const limit = query.tcp ? 65_535 : Math.min(1232, Math.max(512, query.size ?? 0));
  if (reply.octets > limit) return `the reply has ${reply.octets} octets, at most ${limit} are allowed`;
  if (reply.rcode !== query.rcode) return `the rcode is ${reply.rcode}`;
  const flags = [reply.aa ? 'AA' : '', reply.tc ? 'TC' : ''].filter((flag) => flag !== '').join(' ');
  if (flags !== query.flags) return `the flags are "${flags}"`;
  if (query.count !== undefined && reply.answer.length !== query.count) return `${reply.answer.length} answers`;
  for (const section of ['answer', 'authority', 'additional'] as const) {
    const wanted = query.wanted.filter((one) => one.section === section);
    // A number of answers stands for all of them, and for what goes with them.
    if (query.count !== undefined && wanted.length === 0 && section !== 'authority') continue;
    const fault = unmatched(reply[section], wanted);
    if (fault !== undefined) return `${section}: ${fault}`;
  }
  return undefined;
}

/** Each record must match one expectation, each expectation one record. */
function unmatched(records: readonly Rec[], wanted: readonly Wanted[]): string | undefined {
  const left = [...records];
  for (const one of wanted) {
    const found = left.findIndex((record) => isMatch(record, one));
    if (found < 0) return `nothing matches ${JSON.stringify(one)}`;
    left.splice(found, 1);
  }
  return left.length === 0 ? undefined : `not expected: ${left.map(lineOf).join('; ')}`;
}

function isMatch({ owner, type, ttl, data }: Rec, wanted: Wanted): boolean {
  if (wanted.owner !== undefined && wanted.owner !== owner) return false;
  if (wanted.type !== undefined && wanted.type !== type) return false;
  if (wanted.data !== undefined && wanted.data !== data) return false;
  return wanted.ttl === undefined || wanted.ttl === ttl;
}

function lineOf({ owner, type, ttl, data }: Rec): string {
  return `${owner} ${ttl} ${type} ${data}`;
}

function shown({ rcode, flags, answer, authority, additional }: Reply): string {
  const sections = [...answer, ...authority, ...additional].slice(0, 10).map(lineOf);
  return `the reply: ${[`${rcode} ${flags}`, ...sections].join('\n    ')}`;
}
