// Reads a file of settings or tokens as text, at the start, without being held up by what is no file: a named pipe that
// without a writer would hang the start silently, a device has no end. What the process was given as an open
// descriptor (`--config <(…)`, /dev/stdin) is read to its end, since it has a writer.
// Limits: `fileOctetsMax`; a file that grows while it is read is refused.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FileText } from './sources.ts';

const fileOctetsMax = 4 * 1024 * 1024;
const descriptorPath = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|\d+)\/fd\/\d+)$/;

export function readFile(path: string): FileText {
  const isDescriptor = descriptorPath.test(path);
  try {
    const file = openSync(path, constants.O_RDONLY | (isDescriptor ? 0 : constants.O_NONBLOCK));
    try {
      const found = fstatSync(file);
      if (found.isDirectory()) return { kind: 'unreadable', reason: 'it is a directory, not a file' };
      if (!found.isFile() && !isDescriptor && path !== '/dev/null')
        return { kind: 'unreadable', reason: 'it is a pipe, a socket or a device, not a file' };
      return readAll(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'missing' };
    // A socket cannot be opened at all.
    return { kind: 'unreadable', reason: code === 'ENXIO' ? 'it is a socket or a device, not a file' : message };
  }
}

function readAll(file: number): FileText {
  const octets = Buffer.alloc(fileOctetsMax + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, octets, length, octets.length - length, null);
    length += count;
    if (length > fileOctetsMax) return { kind: 'unreadable', reason: `it is longer than ${fileOctetsMax} octets` };
    if (count === 0) return { kind: 'text', text: octets.toString('utf8', 0, length) };
  }
}
