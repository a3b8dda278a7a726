// Which rollcall this is: the version of its package.json, which lies two folders above, both in the repository and in the
// package, where this file is JavaScript.

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const { version } = manifest;
