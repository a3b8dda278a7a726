// Whether a resolver answers as rollcall itself, and if not, why: it holds an answer from before, it
// does not ask rollcall at all, or it is a server with data of its own.
// Limits: records are compared where both sides write them alike (addresses and names); of other types it counts only
// whether there are some. An app of more than a hundred records answers with another choice from time to time: there too.

import { type Fields, textField, textList } from '../document-fields.ts';
import { durationText } from '../duration.ts';
import type { DnsReply } from './lookup.ts';

export interface Disagreement {
  /** What rollcall answers: `NOERROR: 10.0.0.7, 10.0.0.8` */
  readonly own: string;
  readonly why: string;
}

const comparedTypes = new Set(['A', 'AAAA', 'SRV', 'PTR', 'CNAME', 'NS']);
/** As many as an RRset has at most. */
const recordsMax = 100;
const recordsShown = 5;

/** `explanation`: the document of /api/v1/resolve. Undefined: they agree, as far as can be seen. */
export function disagreement(reply: DnsReply, explanation: Fields): Disagreement | undefined {
  const own = textList(explanation, 'answer').flatMap(recordOf);
  const rcode = textField(explanation, 'rcode');
  const isSame = reply.rcode === rcode && isAlike(reply, own);
  if (isSame || rcode === '') return undefined;
  const shown = own.slice(0, recordsShown).map(({ data }) => data);
  const listed = [...shown, ...(own.length > recordsShown ? ['…'] : [])].join(', ');
  const data = listed === '' ? (rcode === 'NOERROR' ? ' without data (NODATA)' : '') : `: ${listed}`;
  return { own: `${rcode}${data}`, why: reasonOf(reply) };
}

interface OwnRecord {
  readonly type: string;
  readonly data: string;
}

/** `orders.prod.svc. 5 IN A 10.0.0.7` */
function recordOf(line: string): OwnRecord[] {
  const [, type = '', data = ''] = /^\S+ \d+ IN (\S+) (.*)$/s.exec(line) ?? [];
  return type === '' ? [] : [{ type, data }];
}

function isAlike({ answer }: DnsReply, own: readonly OwnRecord[]): boolean {
  const isCompared = [...answer, ...own].every(({ type }) => comparedTypes.has(type));
  if (!isCompared || own.length >= recordsMax) return answer.length > 0 === own.length > 0;
  const keys = (records: readonly OwnRecord[]): string =>
    [...new Set(records.map(({ type, data }) => `${type} ${data.toLowerCase()}`))].sort().join('\n');
  return keys(answer) === keys(own);
}

function reasonOf({ rcode, flags, answer, authority }: DnsReply): string {
  if (flags.includes('aa'))
    return 'this server answers from data of its own: it is not a resolver in front of this rollcall';
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return 'this resolver could not ask it: "rollcall doctor" finds why';
  const ttl = Math.max(0, ...(answer.length > 0 ? answer : authority).map((record) => record.ttl));
  return ttl === 0
    ? 'this resolver has it from elsewhere: "rollcall doctor" finds where it asks'
    : `this resolver holds an old answer, for ${durationText(ttl * 1000)} at most`;
}
