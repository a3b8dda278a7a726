// Addresses read one after the other come out as each would alone.

import { expect, test } from 'vitest';
import { type Address, parseAddress } from '../../src/model/address.ts';
import { AddressReader } from '../../src/store/address-reader.ts';

const address = (text: string) => parseAddress(text) as Address;

function readerAfter(text: string): AddressReader {
  const reader = new AddressReader();
  reader.follow(address(text), text);
  return reader;
}

test.each(['http://10.0.0.2:8080', 'http://192.168.10.20:8080'])('%s is like one with another host', (text) =>
  expect(readerAfter('http://10.0.0.1:8080').read(text)).toEqual(address(text)),
);

test.each([
  ['another name', 'grpc://10.0.0.2:8080'],
  ['another protocol', 'http+udp://10.0.0.2:8080'],
  ['another port', 'http://10.0.0.2:8081'],
  ['a port with another number in front', 'http://10.0.0.2:18080'],
  ['a host name', 'http://one.example:8080'],
  ['IPv6', 'http://[2001:db8::1]:8080'],
  ['an address that no host has', 'http://224.0.0.1:8080'],
  ['a number that is too large', 'http://10.0.0.256:8080'],
  ['a zero in front', 'http://10.0.0.02:8080'],
  ['nothing between', 'http://:8080'],
  ['less than head and tail', 'http:8080'],
])('%s is not', (_, text) => expect(readerAfter('http://10.0.0.1:8080').read(text)).toBeUndefined());

test('before the first one, and after one with a host name or an IPv6 address, none is', () => {
  expect(new AddressReader().read('http://10.0.0.1:8080')).toBeUndefined();
  expect(readerAfter('http://one.example:8080').read('http://two.example:8080')).toBeUndefined();
  expect(readerAfter('http://[2001:db8::1]:8080').read('http://[2001:db8::2]:8080')).toBeUndefined();
});
