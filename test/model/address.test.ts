// One address of an instance, `name://host:port`: what becomes of each part, and every way to write it wrongly.

import { describe, expect, test } from 'vitest';
import { type Address, addressToText, octetsOf, parseAddress } from '../../src/model/address.ts';

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  if ('fault' in parsed) throw new Error(`${text} ${parsed.fault}`);
  return parsed;
}

describe('an address', () => {
  test('of IPv4', () => {
    expect(addressOf('http://10.0.0.7:8080')).toEqual({
      portName: 'http',
      protocol: 'tcp',
      host: '10.0.0.7',
      family: 4,
      port: 8080,
    });
    expect(octetsOf(addressOf('http://10.0.0.7:8080'))).toEqual(Uint8Array.of(10, 0, 0, 7));
  });

  test('of IPv6, in brackets, is kept in its canonical form', () => {
    expect(addressOf('grpc://[2001:DB8:0::7]:9090')).toMatchObject({ host: '2001:db8::7', family: 6, port: 9090 });
    expect(octetsOf(addressOf('grpc://[2001:db8::7]:9090'))).toHaveLength(16);
  });

  test('of a host name is folded and loses its final dot', () => {
    expect(addressOf('amqp://MQ-1.Example.ORG.:5672')).toMatchObject({ host: 'mq-1.example.org', family: 'name' });
    expect(addressOf('amqp://mq:5672')).toMatchObject({ host: 'mq' });
    expect(addressOf('amqp://1password.com:1').host).toBe('1password.com');
  });

  test('names its protocol behind a plus', () => {
    expect(addressOf('dns+udp://10.0.0.7:53')).toMatchObject({ portName: 'dns', protocol: 'udp' });
    expect(addressOf('dns+tcp://10.0.0.7:53')).toMatchObject({ portName: 'dns', protocol: 'tcp' });
    expect(addressOf('DNS+UDP://10.0.0.7:53')).toMatchObject({ portName: 'dns', protocol: 'udp' });
  });

  test('may end in a slash, as URLs do', () => expect(addressOf('http://10.0.0.7:80/').port).toBe(80));

  test.each([1, 65_535])('may have port %i', (port) => expect(addressOf(`http://10.0.0.7:${port}`).port).toBe(port));

  test.each([
    'http://10.0.0.7:8080',
    'dns+udp://[2001:db8::7]:53',
    'amqp://mq-1.example.org:5672',
    `a-b://${'x'.repeat(63)}:1`,
  ])('%s is its own canonical text', (text) => {
    expect(addressToText(addressOf(text))).toBe(text);
  });
});

describe('an address is refused', () => {
  test.each([
    ['', 'form name://host:port'],
    ['10.0.0.7:8080', 'form name://host:port'],
    ['http:/10.0.0.7:80', 'form name://host:port'],
    ['://10.0.0.7:80', 'port name ""'],
    ['1http://10.0.0.7:80', 'beginning with a letter'],
    ['ht_tp://10.0.0.7:80', 'port name "ht_tp"'],
    ['http-://10.0.0.7:80', 'port name "http-"'],
    [`${'a'.repeat(63)}://10.0.0.7:80`, '1-62 letters'],
    ['http+sctp://10.0.0.7:80', 'only +tcp and +udp'],
    ['http+udp+tcp://10.0.0.7:80', 'only +tcp and +udp'],
    ['http+://10.0.0.7:80', 'only +tcp and +udp'],
    ['http://10.0.0.7', 'form name://host:port'],
    ['http://10.0.0.7:80/path', 'nothing after the port'],
    ['http://10.0.0.7:80?q', 'nothing after the port'],
    ['http://10.0.0.7:80#f', 'nothing after the port'],
    ['http://user@10.0.0.7:80', 'form name://host:port'],
    ['http://2001:db8::7:80', 'IPv6 in brackets'],
    ['http://10.0.0.7:', 'port must be 1-65535'],
    ['http://:80', 'has no host'],
    ['http://.:80', 'empty label'],
    ['http://1.2.3:80', 'neither an IPv4 address'],
    ['http://0x7f.1:80', 'neither an IPv4 address'],
    ['http://127.1:80', 'neither an IPv4 address'],
    ['http://010.0.0.1:80', 'neither an IPv4 address'],
    ['http://2130706433:80', 'neither an IPv4 address'],
    ['http://host.0x7f:80', 'neither an IPv4 address'],
    ['http://1.2.3.4.:80', 'neither an IPv4 address'],
    ['http://10.0.0.1%eth0:80', '"%"'],
    ['http://[fe80::1%eth0]:80', 'zone identifier'],
    ['http://[::ffff:1.2.3.4]:80', 'write 1.2.3.4'],
    ['http://[1.2.3.4]:80', 'not an IPv6 address'],
    ['http://[]:80', 'not an IPv6 address'],
    ['http://[::]:80', 'unspecified'],
    ['http://0.0.0.0:80', '0.0.0.0/8'],
    ['http://224.0.0.1:80', 'multicast'],
    ['http://a..b:80', 'empty label'],
    ['http://a_b:80', 'only letters, digits and hyphens'],
    ['http://*.example.org:80', '"*"'],
    ['http://bücher.example:80', 'xn--'],
    [`http://${'a'.repeat(64)}:80`, '64 characters'],
    [`http://${'abcdefgh.'.repeat(29)}:80`, 'over 253 characters'],
    [`http://${'a'.repeat(600)}:80`, 'longer than any address'],
  ])('%s', (text, why) => {
    expect(parseAddress(text)).toEqual({ fault: expect.stringContaining(why) });
  });

  test.each(['0', '65536', '70000', '080', '8e1', '-80'])('for its port alone: %s', (port) => {
    expect(parseAddress(`http://10.0.0.7:${port}`)).toEqual({ fault: 'port must be 1-65535', value: port });
  });

  test('however long it is, in one pass: in two of each octet it would not end', () => {
    const count = 2_000_000;
    for (const text of ['a'.repeat(count), `${'a+'.repeat(count)}://`, `http://${'a.'.repeat(count)}!:80`]) {
      expect(parseAddress(text)).toHaveProperty('fault');
    }
  });
});
