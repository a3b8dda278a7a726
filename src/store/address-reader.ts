// Addresses of instances, read one after the other: most differ from one before in nothing but an IPv4 host, and then no
// more than that is read. At a million that is a second of a restart.

import type { Address } from '../model/address.ts';
import { parseIpv4, unusableReason } from '../model/ip.ts';

export class AddressReader {
  #known: Address | undefined;
  /** Of its text, what is before the host and what is behind. */
  #head = '';
  #tail = '';

  /** An address that was read; the next ones may be like it. */
  follow(address: Address, text: string): void {
    if (address.family !== 4) return;
    const at = text.indexOf(address.host);
    this.#head = text.slice(0, at);
    this.#tail = text.slice(at + address.host.length);
    this.#known = address;
  }

  /** Undefined: it is not like the one before, or is none. */
  read(text: string): Address | undefined {
    const [known, head, tail] = [this.#known, this.#head, this.#tail];
    if (known === undefined || !text.startsWith(head) || !text.endsWith(tail)) return undefined;
    const host = text.slice(head.length, text.length - tail.length);
    const octets = parseIpv4(host);
    if (octets === undefined || unusableReason(4, octets) !== undefined) return undefined;
    const { portName, protocol, port } = known;
    return { portName, protocol, host, family: 4, port };
  }
}
