// What DNS would answer, with the reason: as `dig` shows it, in sections, and in words.

import { get } from '../api/http.ts';
import type { Answer } from '../api/shapes.ts';
import { digCommand } from '../live/server.ts';
import { linkTo } from '../route.ts';
import { Ago, Badge, Copyable, type Tone, Trouble, Waiting } from './bits.tsx';
import { useLoaded } from './loaded.ts';

export const recordTypes = ['A', 'AAAA', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'PTR', 'SOA', 'NS', 'CNAME', 'MX'] as const;

const rcodeTones: Readonly<Record<string, Tone>> = {
  NOERROR: 'good',
  NXDOMAIN: 'warn',
  REFUSED: 'warn',
  SERVFAIL: 'bad',
};
const recordsMax = 200;

/** `stamp` changes when the answer may have changed; `addrs`: those that an answer with addresses may have. */
export function AnswerView({
  name,
  type,
  stamp = '',
  addrs = [],
}: {
  readonly name: string;
  readonly type: string;
  readonly stamp?: string;
  readonly addrs?: readonly string[];
}) {
  const loaded = useLoaded(
    `answer ${name} ${type}`,
    (signal) => get<Answer>('api/v1/resolve', { name, type }, signal),
    stamp,
  );
  const { value, trouble } = loaded;
  const strangers = value === undefined || addrs.length === 0 ? [] : strangersIn(value, addrs);
  return (
    <div class="answer">
      <Copyable text={digCommand(name, type)} />
      <Trouble text={trouble} />
      {value === undefined && trouble === undefined && <Waiting />}
      {value !== undefined && <AnswerText answer={value} />}
      {strangers.length > 0 && (
        <p class="fault">
          No instance has the address {strangers.join(', ')}: a zone file answers in the place of this app.{' '}
          <a href="#/zones">Zones</a>
        </p>
      )}
    </div>
  );
}

function AnswerText({ answer }: { readonly answer: Answer }) {
  const isEmpty = answer.rcode === 'NOERROR' && answer.answer.length === 0;
  return (
    <>
      <p class="reason">
        <Badge tone={isEmpty ? 'warn' : (rcodeTones[answer.rcode] ?? 'quiet')}>
          {isEmpty ? 'NODATA' : answer.rcode}
        </Badge>{' '}
        <strong>{answer.reason}</strong>{' '}
        <span class="muted">
          flags {answer.flags.join(' ')}
          {answer.ttl !== undefined && ` · TTL ${answer.ttl} s`}
        </span>
      </p>
      {answer.asked !== undefined && (
        <p class="muted">
          Asked {answer.asked.count} times, {answer.asked.lastMinute} in the last minute
          {answer.asked.clients > 0 &&
            `, by ${answer.asked.clients === 1 ? 'one client' : `${answer.asked.clients} clients`}`}
          ; last <Ago at={answer.asked.lastSeen} />.{' '}
          <a href={linkTo(['traffic'], { name: answer.name, type: answer.type, by: 'none' })}>Who asks</a>
        </p>
      )}
      <Section title="Answer" records={answer.answer} />
      <Section title="Authority" records={answer.authority} />
      <Section title="Additional" records={answer.additional} />
    </>
  );
}

function Section({ title, records }: { readonly title: string; readonly records: readonly string[] }) {
  if (records.length === 0) return null;
  return (
    <section>
      <h3>
        {title} <span class="muted">{records.length}</span>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section class="code" tabIndex={0} aria-label={`${title} section`}>
        <pre>{records.slice(0, recordsMax).join('\n')}</pre>
      </section>
    </section>
  );
}

/** Addresses of an answer that no instance has. */
function strangersIn({ answer }: Answer, addrs: readonly string[]): string[] {
  const hosts = new Set(addrs.map(hostOf));
  // A host name is resolved by the server: its addresses are not known here.
  if ([...hosts].some((host) => !/^[\d.]+$|:/.test(host))) return [];
  return answer.flatMap((line) => {
    const data = /\sIN\s+A\s+(\S+)$/.exec(line)?.[1];
    return data === undefined || hosts.has(data) ? [] : [data];
  });
}

function hostOf(addr: string): string {
  const host = addr.replace(/^[^:]*:\/\//, '').replace(/:\d+$/, '');
  return host.replace(/^\[|\]$/g, '');
}
