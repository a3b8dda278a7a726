// BIND, authoritative alone.

import { zoneLines } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const bind: Rival = {
  name: 'BIND',
  program: 'named',
  namesMax: 1_000_000,
  lines: zoneLines,
  config: (folder, port) => `options {
  directory "${folder}";
  pid-file "${folder}/pid";
  session-keyfile "${folder}/session.key";
  managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  notify no;
};
controls { };
zone "svc" { type primary; file "${names(folder)}"; };
`,
  args: (folder) => ['-f', '-n', '1', '-c', conf(folder)],
};
