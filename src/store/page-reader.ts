// Instances out of the pages of octets that checked-reading.ts makes, back to what the registry takes. A million of them
// are read before the first answer, so what a row shares with the one before it is not read again: mostly its app, and all
// of its registration but the address. The octets are looked at as text of one character an octet, in which comparing is
// cheap; what is kept is decoded from the octets, because a part of a text would keep the whole page in memory.

import { type Address, type AddressFault, parseAddress } from '../model/address.ts';
import type { Registration } from '../model/instance.ts';
import type { Timestamps } from '../model/instance-record.ts';
import { type InstanceKey, labelFault, parseAppid, parseEnv, parseInstanceId } from '../model/names.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import { type Problem, problem } from '../model/problem.ts';
import { AddressReader } from './address-reader.ts';
import { ContentReader } from './content-reader.ts';
import { type Content, timesIn } from './rows.ts';
import { parsed } from './stored-json.ts';

/** An instance, or what is no longer as it has to be. */
export interface ReadRow {
  readonly saved: PersistedInstance | Problem;
  /** As it was written, to be taken out. */
  readonly place: InstanceKey;
}

const separator = '\0';
const beforeOnlyAddress = '{"addrs":["';
const behindTimes = `}${separator}`;
/** Of which every number is exact. */
const timeDigitsMax = 15;
const zeroDigit = 0x30;

export class PageReader {
  readonly #contents = new ContentReader();
  readonly #addresses = new AddressReader();
  #octets: Buffer = Buffer.alloc(0);
  #text = '';
  /** Where the next row begins, and what of a row comes next. */
  #at = 0;
  /** The app of the row before, as the page has it. */
  #appText = '';
  #app = { env: '', appid: '' };
  #wrongApp: Problem | undefined;
  /** The end of the registration of a row before, from after its only address on; '': of none. */
  #commonText = '';
  #common: Registration | undefined;
  /** The times of a row before, and as the page has them. */
  #times: Timestamps | undefined;
  #timesText = '';

  /** Takes a page; the one before is forgotten. */
  take(octets: Uint8Array): void {
    this.#octets = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
    this.#text = this.#octets.toString('latin1');
    this.#at = 0;
  }

  /** The next row of the page; undefined: that was all. Precondition: its CRC is right. */
  next(): ReadRow | undefined {
    if (this.#at >= this.#text.length) return undefined;
    this.#at = this.#endOfField() + 1;
    this.#readApp();
    const from = this.#at;
    const id = this.#field();
    const labelFrom = this.#at;
    // Nearly always the same text.
    const isLabel = this.#text.startsWith(this.#text.slice(from, labelFrom), labelFrom);
    if (isLabel) this.#at += labelFrom - from;
    const label = isLabel ? id : this.#field();
    const wrongLabel = labelFault(label);
    // A label has no octet that an id may not have.
    const instance = isLabel && wrongLabel === undefined ? id : parseInstanceId(id);
    const { registration, supervision } = this.#content();
    const timesFrom = this.#at;
    const times = this.#timesOfBefore() ?? this.#commonTimes() ?? timesIn(parsed(this.#field()));
    const timesTo = this.#at - 1;
    const end = this.#text.indexOf('\n', this.#at);
    const revision = Number(this.#text.slice(this.#at, end));
    this.#at = end + 1;

    const { env, appid } = this.#app;
    const place = { env, appid, instance: id };
    if (this.#wrongApp !== undefined) return { saved: this.#wrongApp, place };
    if (typeof instance !== 'string') return { saved: instance, place };
    if (wrongLabel !== undefined) return { saved: problem('label', wrongLabel, label), place };
    if (Array.isArray(registration)) return { saved: registration[0] as Problem, place };
    if (times === undefined)
      return { saved: problem('times', 'are not times', this.#text.slice(timesFrom, timesTo)), place };
    return { saved: { key: place, label, registration, times, revision, supervision }, place };
  }

  #readApp(): void {
    if (this.#appText !== '' && this.#text.startsWith(this.#appText, this.#at)) {
      this.#at += this.#appText.length;
      return;
    }
    const from = this.#at;
    this.#app = { env: this.#field(), appid: this.#field() };
    // In canonical form, since they were written down in it.
    const parts = [parseEnv(this.#app.env), parseAppid(this.#app.appid)];
    this.#wrongApp = parts.find((part) => typeof part !== 'string');
    this.#appText = this.#text.slice(from, this.#at);
  }

  #content(): Content {
    return this.#commonContent() ?? this.#otherContent();
  }

  /** Of a row that differs from one before in its address alone. */
  #commonContent(): Content | undefined {
    const from = this.#at + beforeOnlyAddress.length;
    if (this.#common === undefined || !this.#text.startsWith(beforeOnlyAddress, this.#at)) return undefined;
    const end = this.#text.indexOf('"', from);
    if (!this.#text.startsWith(this.#commonText, end)) return undefined;
    const address = this.#addresses.read(this.#text.slice(from, end)) ?? this.#otherAddress(from, end);
    if ('fault' in address) return undefined;
    this.#at = end + this.#commonText.length;
    return { registration: { ...this.#common, addrs: [address] }, supervision: undefined };
  }

  /** No address has anything in it that JSON would write otherwise. */
  #otherAddress(from: number, end: number): Address | AddressFault {
    const text = this.#octets.toString('latin1', from, end);
    const address = parseAddress(text);
    if (!('fault' in address)) this.#addresses.follow(address, text);
    return address;
  }

  #otherContent(): Content {
    const from = this.#at;
    const content = this.#contents.read(this.#field());
    const { registration, supervision } = content;
    this.#common = undefined;
    if (Array.isArray(registration) || registration.addrs.length !== 1 || supervision !== undefined) return content;
    // Whether checks are right depends on the address.
    if (registration.checks.length > 0 || !this.#text.startsWith(beforeOnlyAddress, from)) return content;
    this.#commonText = this.#text.slice(this.#text.indexOf('"', from + beforeOnlyAddress.length), this.#at);
    this.#common = registration;
    return content;
  }

  /** Of fleets that start together many are registered in one millisecond. */
  #timesOfBefore(): Timestamps | undefined {
    if (this.#times === undefined || !this.#text.startsWith(this.#timesText, this.#at)) return undefined;
    this.#at += this.#timesText.length;
    return this.#times;
  }

  /** Those of an instance that takes traffic, as they are nearly always written: all five, in whole milliseconds. */
  #commonTimes(): Timestamps | undefined {
    const from = this.#at;
    const registeredAtMs = this.#timeBehind('{"registeredAtMs":');
    const upAtMs = this.#timeBehind(',"upAtMs":');
    const renewedAtMs = this.#timeBehind(',"renewedAtMs":');
    const updatedAtMs = this.#timeBehind(',"updatedAtMs":');
    const dirtyAtMs = this.#timeBehind(',"dirtyAtMs":');
    if (
      this.#text.startsWith(behindTimes, this.#at) &&
      !Number.isNaN(registeredAtMs + upAtMs + renewedAtMs + updatedAtMs + dirtyAtMs)
    ) {
      this.#at += behindTimes.length;
      this.#timesText = this.#text.slice(from, this.#at);
      this.#times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
      return this.#times;
    }
    this.#at = from;
    return undefined;
  }

  /** NaN where there is none. */
  #timeBehind(name: string): number {
    if (!this.#text.startsWith(name, this.#at)) return Number.NaN;
    const from = this.#at + name.length;
    let at = from;
    let time = 0;
    for (; at - from < timeDigitsMax; at++) {
      const digit = this.#text.charCodeAt(at) - zeroDigit;
      if (!(digit >= 0 && digit <= 9)) break;
      time = time * 10 + digit;
    }
    this.#at = at;
    return at === from ? Number.NaN : time;
  }

  #field(): string {
    const from = this.#at;
    const end = this.#endOfField();
    this.#at = end + 1;
    return this.#octets.toString('utf8', from, end);
  }

  #endOfField(): number {
    return this.#text.indexOf(separator, this.#at);
  }
}
