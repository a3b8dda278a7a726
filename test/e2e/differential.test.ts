// rollcall beside BIND, NSD and Knot: four servers, the same zones, the same questions, and every reply compared. Zones,
// questions and the rule are in differential/.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readReply } from '../kit/dns/reply.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { hearAll, tcpLine, udpLine } from './differential/asking.ts';
import { faultsOf, plain } from './differential/comparison.ts';
import { oddities } from './differential/oddities.ts';
import { oddityFaults } from './differential/oddity-comparison.ts';
import { type Mode, modes, type Question, questions, requestFor, shownName } from './differential/questions.ts';
import { readSections, type Sections } from './differential/reading.ts';
import { binaries, type Contest, startAll } from './differential/servers.ts';

const missing = requireInCi(binaries, 'bind9 nsd knot');
const withinMs = 60_000;
/** More would repeat the same. */
const faultsShownMax = 10;

describe.skipIf(missing.length > 0)(
  `beside BIND, NSD and Knot${missing.length > 0 ? ` (not installed: ${missing.join(', ')})` : ''}`,
  () => {
    let contest: Contest;
    /** rollcall's replies over TCP. */
    const wholes = new Map<Question, Sections>();
    const asked = questions();

    beforeAll(async () => {
      contest = await startAll();
    }, withinMs);

    afterAll(() => contest?.stop(), withinMs);

    test.each(modes)('$name', { timeout: withinMs }, async (mode) => {
      const chosen = asked.filter(({ isOwner }) => isOwner || mode.names === 'all');
      const requests = chosen.map((question) => requestFor(question, mode));
      const [ours = [], ...theirs] = await Promise.all(
        contest.contestants.map(({ port }) => repliesOf(port, mode, requests)),
      );
      const faults = chosen.flatMap((question, index) => {
        const what = `${mode.name} ${shownName(question.labels)} TYPE${question.type}`;
        const reply = ours[index];
        const others = theirs.map((replies) => replies[index]).filter((other) => other !== undefined);
        if (reply === undefined || others.length < theirs.length)
          return [`${what}: ${reply ? 'a server' : 'rollcall'} is silent`];
        const strict = strictFaults(reply, requests[index] as Buffer);
        const sections = readSections(reply);
        if (mode.transport === 'tcp') wholes.set(question, sections);
        const whole = wholes.get(question) ?? sections;
        const compared = faultsOf(
          question,
          mode,
          sections,
          whole,
          others.map((other) => plain(readSections(other))),
        );
        return [...strict.map((fault) => `${what}: ${fault}`), ...compared];
      });
      expect(chosen.length).toBeGreaterThan(5000);
      expect(faults.slice(0, faultsShownMax).join('\n')).toBe('');
    });

    test('odd and broken requests', { timeout: withinMs }, async () => {
      const requests = oddities.map(({ bytes }) => bytes);
      const [ours, ...theirs] = await Promise.all(contest.contestants.map(({ port }) => hearAll(port, requests)));
      const faults = oddities.flatMap(({ name, bytes }) => {
        const id = bytes.length < 2 ? -1 : bytes.readUInt16BE(0);
        return oddityFaults(
          name,
          ours?.get(id),
          theirs.map((heard) => heard.get(id)),
        );
      });
      expect(faults.join('\n')).toBe('');
    });
  },
);

async function repliesOf(
  port: number,
  { transport }: Mode,
  requests: readonly Buffer[],
): Promise<(Buffer | undefined)[]> {
  const line = transport === 'tcp' ? await tcpLine(port) : await udpLine(port);
  try {
    return await line.ask(requests);
  } finally {
    line.close();
  }
}

/** What only rollcall has to keep to: a reader that forgives nothing, and the question echoed octet for octet. */
function strictFaults(reply: Buffer, request: Buffer): string[] {
  try {
    const { question, flags, opt } = readReply(reply);
    const faults: string[] = [];
    if (!question.equals(request.subarray(12, 12 + question.length))) faults.push('another question');
    if (/RD|RA|Z|AD|CD/.test(flags)) faults.push(`flags ${flags}`);
    if (opt !== undefined && (opt.version !== 0 || opt.size !== 1232)) faults.push(`OPT ${JSON.stringify(opt)}`);
    return faults;
  } catch (error) {
    const { message } = error as Error;
    // The reader knows no SvcParamKeys but those that rollcall makes itself.
    return /^parameter [0-9]+$/.test(message) ? [] : [message];
  }
}
