// A service file on the disk: which names are those of one, and its text, read without being held up by what is no file.
// Limits: `fileOctetsMax` a file, `filesMax` in a folder.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileOctetsMax } from './service-file.ts';

export const filesMax = 1000;

export function isServiceFileName(name: string): boolean {
  return /^[^.].*\.ya?ml$/.test(name);
}

export async function textOf(path: string): Promise<{ readonly text: string } | { readonly fault: string }> {
  try {
    // Not blocking: a named pipe without a writer would hold up all other files for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile())
        return { fault: `it is ${found.isDirectory() ? 'a directory' : 'a pipe or a device'}, not a file` };
      const buffer = Buffer.alloc(fileOctetsMax + 1);
      let octets = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, octets, buffer.length - octets, null);
        octets += bytesRead;
        if (bytesRead === 0 || octets === buffer.length) break;
      }
      if (octets > fileOctetsMax) return { fault: `the file is longer than ${fileOctetsMax} bytes` };
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, octets)) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { fault: (error as Error).message };
  }
}
