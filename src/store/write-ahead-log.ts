// How SQLite's write-ahead log ends, read before SQLite does: it takes every whole commit up to the first octet that
// does not fit and is silent about the rest. What follows can be a commit that the last run could not finish, which
// never acknowledged; or finished commits after something damaged, which must be reported.
// File format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. A frame's checksum goes on from the one
// before it, as written there, so each frame can be checked by itself.
// Limits: a log that was cut exactly between two commits looks like an earlier moment.

import { closeSync, existsSync, openSync, readSync } from 'node:fs';

/** `unfinished`: less than a commit follows the last whole one. `damaged`: finished commits are lost. */
export type LogEnd = 'clean' | 'unfinished' | 'damaged';

const headerOctets = 32;
const frameHeaderOctets = 24;

export function inspectLog(path: string): LogEnd {
  if (!existsSync(path)) return 'clean';
  const file = openSync(path, 'r');
  try {
    return endOf(file);
  } finally {
    closeSync(file);
  }
}

function endOf(file: number): LogEnd {
  const header = Buffer.alloc(headerOctets);
  const octets = readSync(file, header, 0, headerOctets, 0);
  if (octets === 0) return 'clean';
  const pageOctets = octets < headerOctets ? 0 : header.readUInt32BE(8);
  const isBigEndian = (header[3] as number) === 0x83;
  const sound = octets === headerOctets && [0x377f0682, 0x377f0683].includes(header.readUInt32BE(0));
  if (!sound || pageOctets < 512 || pageOctets > 65_536) return octets < headerOctets ? 'unfinished' : 'damaged';
  let last = checksum(header.subarray(0, 24), 0, 0, isBigEndian);
  if (!matches(last, header, 24)) return 'damaged';

  const frame = Buffer.alloc(frameHeaderOctets + pageOctets);
  let isBroken = false;
  let isUnfinished = false;
  for (let at = headerOctets; ; at += frame.length) {
    const read = readSync(file, frame, 0, frame.length, at);
    // Frames of the round before have other salts: they are where the log ends.
    const isOurs = read >= frameHeaderOctets && frame.compare(header, 16, 24, 8, 16) === 0;
    if (read < frame.length) return isUnfinished || isOurs ? 'unfinished' : 'clean';
    const before = last;
    last = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
    const first = checksum(frame.subarray(0, 8), before[0], before[1], isBigEndian);
    const whole = checksum(frame.subarray(frameHeaderOctets), first[0], first[1], isBigEndian);
    const isSound = isOurs && matches(whole, frame, 16);
    const isCommit = frame.readUInt32BE(4) > 0;
    if (isSound && isBroken && isCommit) return 'damaged';
    if (isSound && !isBroken) isUnfinished = !isCommit;
    else {
      isBroken = true;
      if (isOurs) isUnfinished = true;
    }
  }
}

type Sum = [number, number];

/** SQLite's: two sums over pairs of 32-bit words. */
function checksum(octets: Buffer, first: number, second: number, isBigEndian: boolean): Sum {
  let [a, b] = [first, second];
  for (let at = 0; at < octets.length; at += 8) {
    a = (a + (isBigEndian ? octets.readUInt32BE(at) : octets.readUInt32LE(at)) + b) >>> 0;
    b = (b + (isBigEndian ? octets.readUInt32BE(at + 4) : octets.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

function matches(sum: Sum, octets: Buffer, at: number): boolean {
  return octets.readUInt32BE(at) === sum[0] && octets.readUInt32BE(at + 4) === sum[1];
}
