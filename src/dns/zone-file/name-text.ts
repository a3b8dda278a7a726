// Names as zone files write them. parseName (../name.ts) is the definition; this is a short cut for the names that
// have no escapes, which is nearly all of them: a zone of a million records has two million names. The octets are
// laid out in one buffer and copied out at once, so the result is flat and keeps no piece of the file's text alive.

import { labelOctetsMax, type Name, type NameFault, nameOctetsMax, parseName } from '../message/name.ts';

const DOT = 0x2e;
const scratch = Buffer.alloc(nameOctetsMax + 1);

/** What parseName answers, faster. */
export function readName(text: string, origin: Name): Name | NameFault {
  if (text === '@') return origin;
  if (text.length > nameOctetsMax - 1 || text.includes('\\')) return parseName(text, origin);
  // Text shifted by one place is the wire form, once each dot (and the place in front) is a length.
  scratch.write(text, 1, 'latin1');
  let lengthAt = 0;
  let end = text.length + 1;
  for (let at = 1; at <= end; at++) {
    if (at < end && scratch[at] !== DOT) continue;
    const length = at - lengthAt - 1;
    if (length === 0 && at === end && at > 1) {
      end = at - 1;
      break;
    }
    if (length === 0 || length > labelOctetsMax) return parseName(text, origin);
    scratch[lengthAt] = length;
    lengthAt = at;
  }
  const absolute = end === text.length;
  if (absolute) scratch[end] = 0;
  else if (end + origin.length > nameOctetsMax) return parseName(text, origin);
  else scratch.write(origin, end, 'latin1');
  return scratch.toString('latin1', 0, end + (absolute ? 1 : origin.length)) as Name;
}
