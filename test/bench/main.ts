// `npm run bench`: everything that is measured, one part after the other, as tables for the README; `npm run bench -- dns` one
// part alone. Speed is measured here and asserted nowhere: machines are shared, and what counts are the ratios.

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** What each part runs, and with which arguments. */
const parts: Readonly<Record<string, readonly (readonly string[])[]>> = {
  handler: [['handler.ts']],
  dns: [['dns.ts', '1000']],
  'dns-large': [
    ['dns.ts', '100000'],
    ['dns.ts', '1000000'],
  ],
  size: [
    ['size.ts', '100000'],
    ['size.ts', '1000000'],
  ],
  control: [['storms.ts'], ['batches.ts'], ['durable-writes.ts']],
  watch: [['watchers.ts', '10000', '8000']],
  zones: [['zones.ts']],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => parts[part] === undefined);
if (unknown.length > 0) {
  console.log(`No part is called ${unknown.join(', ')}: there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}

console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
);
for (const [part, commands] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(part)) continue;
  console.log(`## ${part}\n`);
  for (const [file = '', ...args] of commands) {
    spawnSync(process.execPath, [join(import.meta.dirname, file), ...args], { stdio: 'inherit' });
  }
}
