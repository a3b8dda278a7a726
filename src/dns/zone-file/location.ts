// The data of LOC records (RFC 1876 §2 and §3): latitude, longitude, altitude, and three precisions. Only version 0
// has a text form. Angles are thousandths of a second of arc around 2^31; altitude is centimetres above 100 km below
// the ellipsoid; a precision is one decimal digit and a power of ten, in centimetres, so text loses further digits.

import type { Field } from './rdata-fields.ts';
import { parseDecimal } from './rdata-fields.ts';
import type { OctetReader } from './rdata-octets.ts';
import { problem, type WordProblem, type Words } from './words.ts';

const equator = 2 ** 31;
const secondThousandths = 1000;
const minuteThousandths = 60 * secondThousandths;
const degreeThousandths = 60 * minuteThousandths;
/** Centimetres from the reference surface of the altitude up to the ellipsoid. */
const altitudeZero = 10_000_000;
const altitudeMax = 2 ** 32 - 1;
/** 9 * 10^9 centimetres: the largest that digit and exponent hold. */
const precisionMax = 9_000_000_000;
/** RFC 1876 §3: size 1 m, horizontal precision 10 km, vertical precision 10 m. */
const precisionDefaults = [100, 1_000_000, 1000];

export const location: Field = {
  read(words, to) {
    const latitude = readAngle(words, 'latitude', 90, 'N', 'S');
    if (typeof latitude !== 'number') return latitude;
    const longitude = readAngle(words, 'longitude', 180, 'E', 'W');
    if (typeof longitude !== 'number') return longitude;
    const altitude = readMetres(words, 'altitude', -altitudeZero, altitudeMax - altitudeZero);
    if (typeof altitude !== 'number') return altitude;
    const precisions: number[] = [];
    for (const standard of precisionDefaults) {
      const precision = words.peek() === undefined ? standard : readMetres(words, 'size or precision', 0, precisionMax);
      if (typeof precision !== 'number') return precision;
      precisions.push(precision);
    }
    to.number(0, 1);
    for (const precision of precisions) to.number(packed(precision), 1);
    to.number(latitude, 4);
    to.number(longitude, 4);
    to.number(altitude + altitudeZero, 4);
    return undefined;
  },
  show(from) {
    if (from.number(1) !== 0) return undefined;
    const precisions = [unpacked(from), unpacked(from), unpacked(from)];
    const latitude = showAngle(from, 'N', 'S');
    const longitude = showAngle(from, 'E', 'W');
    const altitude = from.number(4);
    if (altitude === undefined || latitude === undefined || longitude === undefined) return undefined;
    const metres = [altitude - altitudeZero, ...precisions].map((value) => `${((value ?? 0) / 100).toFixed(2)}m`);
    return `${latitude} ${longitude} ${metres.join(' ')}`;
  },
};

function readAngle(words: Words, what: string, degreesMax: number, plus: string, minus: string): number | WordProblem {
  const wanted = `${what}, as degrees, minutes, seconds and ${plus} or ${minus},`;
  let angle = 0;
  for (const [place, unit] of [degreeThousandths, minuteThousandths, secondThousandths].entries()) {
    const word = words.peek();
    if (word !== undefined && place > 0 && (word.text === plus || word.text === minus)) break;
    if (words.nextBare() === undefined || word === undefined) return words.expected(wanted);
    const value = place < 2 ? parseDecimal(word.text, place === 0 ? degreesMax : 59) : parseFixed(word.text, 3);
    if (value === undefined || (place === 2 && value >= minuteThousandths))
      return problem(`${wanted} is expected`, word);
    angle += place < 2 ? value * unit : value;
  }
  const side = words.nextBare();
  if (side === undefined) return words.expected(wanted);
  if (side.text !== plus && side.text !== minus) return problem(`${wanted} is expected`, side);
  if (angle > degreesMax * degreeThousandths) return problem(`${what} is over ${degreesMax} degrees`, side);
  return equator + (side.text === plus ? angle : -angle);
}

function showAngle(from: OctetReader, plus: string, minus: string): string | undefined {
  const octets = from.number(4);
  if (octets === undefined) return undefined;
  const angle = Math.abs(octets - equator);
  const degrees = Math.floor(angle / degreeThousandths);
  const minutes = Math.floor((angle % degreeThousandths) / minuteThousandths);
  const seconds = ((angle % minuteThousandths) / secondThousandths).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${octets < equator ? minus : plus}`;
}

/** Centimetres. */
function readMetres(words: Words, what: string, least: number, most: number): number | WordProblem {
  const word = words.nextBare();
  if (word === undefined) return words.expected(`${what} in metres`);
  const digits = word.text.replace(/m$/, '');
  const size = parseFixed(digits.replace(/^-/, ''), 2);
  const centimetres = size !== undefined && digits.startsWith('-') ? 0 - size : size;
  if (centimetres === undefined || centimetres < least || centimetres > most) {
    return problem(`${what} must be metres from ${least / 100} to ${most / 100} with at most two decimals`, word);
  }
  return centimetres;
}

/** A decimal fraction times 10^`decimals`, as a whole number. */
function parseFixed(text: string, decimals: number): number | undefined {
  const match = /^([0-9]{1,10})(?:\.([0-9]*))?$/.exec(text);
  const fraction = match?.[2] ?? '';
  if (match === null || fraction.length > decimals) return undefined;
  return Number(`${match[1]}${fraction.padEnd(decimals, '0')}`);
}

function packed(centimetres: number): number {
  let digit = centimetres;
  let exponent = 0;
  for (; digit >= 10; exponent++) digit = Math.floor(digit / 10);
  return digit * 16 + exponent;
}

function unpacked(from: OctetReader): number | undefined {
  const octet = from.number(1);
  return octet === undefined ? undefined : (octet >> 4) * 10 ** (octet & 15);
}
