#!/usr/bin/env node
// The program's entry, in plain JavaScript that any Node reads: reports in a sentence that the Node is too old, where an import
// of the program would end in a stack trace, and then becomes built/main.js (a clone: built.cjs) or dist/main.js (the npm
// package).
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { engines } = require('../package.json');

// Node would open its inspector, which runs whatever it is sent.
process.on('SIGUSR1', () => {});

const [major, minor] = engines.node.match(/\d+/g).map(Number);
const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
const root = join(__dirname, '..');
const isClone = existsSync(join(root, 'src', 'main.ts'));

if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
  const mend = isClone
    ? '`npm ci` brings a Node of its own for `npm start` and deploy/bin/rollcall; without devDependencies it does not'
    : 'see https://nodejs.org, or install the npm package `node` beside it';
  console.error(
    `rollcall needs Node ${major}.${minor} or later, this is ${process.version} (${process.execPath}): ${mend}`,
  );
  process.exitCode = 1;
} else void import(isClone ? require('./built.cjs').mainOf(root) : join(root, 'dist', 'main.js'));
