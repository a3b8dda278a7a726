// `npm run bench`: everything that is measured, one part after the other, as tables for docs/measurements.md; `npm run bench -- dns` one
// part alone. Speed is measured here and asserted nowhere: machines are shared, and what counts are the ratios.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';

interface Part {
  readonly summary: string;
  /** About so long on two cores that do nothing else. */
  readonly minutes: number;
  /** What it runs, and with which arguments. */
  readonly commands: readonly (readonly [file: string, ...args: string[]])[];
}

const parts: Readonly<Record<string, Part>> = {
  handler: {
    summary: 'what a question costs without sockets',
    minutes: 0.5,
    commands: [['handler.ts']],
  },
  'made-anew': {
    summary: 'what answers of apps of 100 to 10 000 instances cost when they are made anew, by type and transport',
    minutes: 1,
    commands: [['made-anew.ts']],
  },
  missing: {
    summary:
      'rollcall and Knot on what is not kept: 100 000 absent names in turn, first questions, a TCP connection for each',
    minutes: 2,
    commands: [['missing.ts']],
  },
  dns: {
    summary: 'rollcall and other servers on 1000 names: speed and latency of A, SRV, NXDOMAIN, and A over TCP',
    minutes: 6.5,
    commands: [['dns.ts', '1000', '1.5']],
  },
  'dns-large': {
    summary: 'the same on 100 000 and 1 000 000 names',
    minutes: 11,
    commands: [
      ['dns.ts', '100000'],
      ['dns.ts', '1000000', '1', '3', 'batched'],
    ],
  },
  storm: {
    summary: 'DNS latency with and without a full storm of HTTP',
    minutes: 1,
    commands: [['dns-under-storm.ts']],
  },
  handshakes: {
    summary: 'DNS latency while a thousand TLS handshakes a second are offered, to nginx too',
    minutes: 1.5,
    commands: [['handshakes.ts']],
  },
  honest: {
    summary:
      'DNS latency of an honest client beside a flood under rate limiting, and beside answers made anew of a large app',
    minutes: 1.5,
    commands: [['honest.ts']],
  },
  hostile: {
    summary: 'ten minutes of mixed hostile load beside honest clients: nothing crashes, grows or gets lost',
    minutes: 11,
    commands: [['hostile.ts', '600']],
  },
  size: {
    summary: 'a million instances: memory, speed, restart, cost of calls, evictions, pauses of DNS',
    minutes: 6,
    commands: [['size.ts', '1000000']],
  },
  control: {
    summary: 'fleets that call all at once, renewals in batches, durable writes',
    minutes: 1.5,
    commands: [['storms.ts'], ['batches.ts'], ['durable-writes.ts']],
  },
  watch: {
    summary: 'ten thousand watches and eight thousand long polls',
    minutes: 1,
    commands: [['watchers.ts', '10000', '8000']],
  },
  'nacos-pushes': {
    summary: 'how long a change takes to clients of Nacos, over gRPC and over UDP',
    minutes: 0.5,
    commands: [['nacos-pushes.ts']],
  },
  fronts: {
    summary: 'APIs of other registries: what a pass and a heartbeat cost, and how fast a change reaches those who wait',
    minutes: 0.5,
    commands: [['fronts.ts']],
  },
  cluster: {
    summary:
      'three nodes over three members of etcd: registrations, their way to the DNS of the others, renewals, start, memory',
    minutes: 2,
    commands: [['cluster.ts', '9000']],
  },
  console: {
    summary:
      'the console with ten thousand apps and an app of ten thousand instances: until it is shown, and frames while it scrolls',
    minutes: 1,
    commands: [['../console/frames.ts']],
  },
  growth: {
    summary:
      'how cost grows from 1000 instances to a million, and from one instance an app to 10 000; draws docs/growth-light.svg',
    minutes: 6,
    commands: [['growth.ts']],
  },
  zones: {
    summary: 'a zone file of a million records, and twelve thousand small ones',
    minutes: 1,
    commands: [['zones.ts']],
  },
};

/** Not a part: it fails where rollcall is slower beside Knot than the table of docs/measurements.md says. */
const check: Part = {
  summary: 'ratios to Knot, against those of docs/measurements.md',
  minutes: 3,
  commands: [['check.ts']],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => parts[part] === undefined && part !== 'check');
if (unknown.length > 0) {
  console.log(`No part is called ${unknown.join(', ')}: there are ${Object.keys(parts).join(', ')}, and check`);
  process.exit(2);
}
const chosen = [...Object.entries(parts), ['check', check] as const].filter(([part]) =>
  asked.length === 0 ? part !== 'check' : asked.includes(part),
);

const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim()}`;
console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.version}\n`);
for (const [part, { summary, minutes }] of chosen) console.log(`- ${part}: ${summary} (${minutes} min)`);
const minutes = chosen.reduce((sum, [, part]) => sum + part.minutes, 0);
console.log(`\nAbout ${Math.ceil(minutes)} minutes in all. Ctrl-C ends it and everything that it started.\n`);

// A part ends its servers and removes its folders at a signal.
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
const broken: string[] = [];
for (const [part, { commands }] of chosen) {
  console.log(`## ${part}\n`);
  for (const [file, ...args] of commands) {
    if (!(await isDone(file, args))) broken.push([part, file, ...args].join(' '));
    if (ending.signal.aborted) process.exit(130);
  }
}
if (broken.length > 0) {
  console.log(`Not measured to the end: ${broken.join('; ')}`);
  process.exit(1);
}

async function isDone(file: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: 'inherit' });
  const end = () => void child.kill('SIGTERM');
  ending.signal.addEventListener('abort', end);
  const [code] = await once(child, 'exit');
  ending.signal.removeEventListener('abort', end);
  return code === 0;
}
