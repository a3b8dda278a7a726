// The data of two types that describe a host: HIP, its identity and rendezvous servers (RFC 8005 §5), and WKS, the
// services at an address (RFC 1035 §3.4.2). WKS names services as IANA does; of these only the ones that servers' zone
// files have ever held are known here, any other is written by its port.

import * as fields from './rdata-fields.ts';
import { type Field, parseBase64, parseDecimal, parseHex } from './rdata-fields.ts';
import { latin1 } from './rdata-octets.ts';
import { problem } from './words.ts';

const rendezvous = fields.name('rendezvous server');

/** Algorithm, HIT and public key in the text; the lengths of the two come first on the wire. */
export const hostIdentity: Field = {
  read(words, to) {
    const algorithm = words.nextBare();
    if (algorithm === undefined) return words.expected('public key algorithm');
    const number = parseDecimal(algorithm.text, 255);
    if (number === undefined) return problem('public key algorithm must be a number from 0 to 255', algorithm);
    const hitWord = words.nextBare();
    if (hitWord === undefined) return words.expected('host identity tag');
    const hit = parseHex(hitWord.text);
    if (hit === undefined || hit.length === 0 || hit.length > 255)
      return problem('host identity tag must be 1 to 255 octets in hexadecimal', hitWord);
    const keyWord = words.nextBare();
    if (keyWord === undefined) return words.expected('public key');
    const key = parseBase64(keyWord.text);
    if (key === undefined || key.length === 0) return problem('public key is not base64', keyWord);
    to.number(hit.length, 1);
    to.number(number, 1);
    to.number(key.length, 2);
    to.octets(hit);
    to.octets(key);
    while (words.peek() !== undefined) {
      const fault = rendezvous.read(words, to);
      if (fault !== undefined) return fault;
    }
    return undefined;
  },
  show(from) {
    const hitOctets = from.number(1);
    const algorithm = from.number(1);
    const keyOctets = from.number(2);
    if (hitOctets === undefined || algorithm === undefined || keyOctets === undefined) return undefined;
    const hit = from.take(hitOctets);
    const key = hit && from.take(keyOctets);
    if (hit === undefined || key === undefined || hit.length === 0 || key.length === 0) return undefined;
    const texts = [`${algorithm}`, Buffer.from(hit).toString('hex'), Buffer.from(key).toString('base64')];
    while (from.left > 0) {
      const server = rendezvous.show(from);
      if (server === undefined) return undefined;
      texts.push(server);
    }
    return texts.join(' ');
  },
};

/** IANA "Protocol Numbers". */
const protocols = new Map([
  ['ICMP', 1],
  ['TCP', 6],
  ['UDP', 17],
]);

/** IANA "Service Name and Transport Protocol Port Number Registry". */
const ports = new Map([
  ['ECHO', 7],
  ['DISCARD', 9],
  ['DAYTIME', 13],
  ['FTP-DATA', 20],
  ['FTP', 21],
  ['SSH', 22],
  ['TELNET', 23],
  ['SMTP', 25],
  ['TIME', 37],
  ['NAMESERVER', 42],
  ['WHOIS', 43],
  ['DOMAIN', 53],
  ['BOOTPS', 67],
  ['BOOTPC', 68],
  ['TFTP', 69],
  ['FINGER', 79],
  ['HTTP', 80],
  ['POP3', 110],
  ['SUNRPC', 111],
  ['NNTP', 119],
  ['NTP', 123],
  ['IMAP', 143],
  ['SNMP', 161],
  ['HTTPS', 443],
]);
const portMax = 65_535;

/** The protocol, then a bit for each port, as many octets as the highest one takes. */
export const services: Field = {
  read(words, to) {
    const protocol = words.nextBare();
    if (protocol === undefined) return words.expected('protocol');
    const number = parseDecimal(protocol.text, 255) ?? protocols.get(protocol.text.toUpperCase());
    if (number === undefined) return problem('protocol must be TCP, UDP, ICMP or a number from 0 to 255', protocol);
    const bits = new Uint8Array((portMax + 1) / 8);
    let octets = 0;
    for (let word = words.nextBare(); word !== undefined; word = words.nextBare()) {
      const port = parseDecimal(word.text, portMax) ?? ports.get(word.text.toUpperCase());
      if (port === undefined)
        return problem(`service must be a port from 0 to ${portMax} or a well-known name, such as SMTP`, word);
      const at = port >> 3;
      bits[at] = (bits[at] as number) | (0x80 >> (port & 7));
      octets = Math.max(octets, at + 1);
    }
    to.number(number, 1);
    to.octets(bits.subarray(0, octets));
    return undefined;
  },
  show(from) {
    const protocol = from.number(1);
    if (protocol === undefined) return undefined;
    const bits = latin1(from.rest());
    const texts = [`${protocol}`];
    for (let port = 0; port < bits.length * 8; port++)
      if ((bits.charCodeAt(port >> 3) & (0x80 >> (port & 7))) !== 0) texts.push(`${port}`);
    return texts.join(' ');
  },
};
