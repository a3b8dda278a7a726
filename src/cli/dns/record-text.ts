// Records as dns2 decodes them, as lines of text: what dig prints, with nothing in it that could steer a terminal.
// Limits: dns2 joins labels with dots, so a dot inside a label looks like one between labels.

import type { Resource } from 'dns2';
import { printable } from '../terminal/printable.ts';
import { typeName } from './record-types.ts';
import { serviceBindingText } from './service-binding-text.ts';

export interface DnsRecord {
  /** With the final dot. */
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: string;
}

export function recordOf(resource: Resource): DnsRecord {
  const type = typeName(resource.type);
  return { name: nameText(resource.name), type, ttl: resource.ttl, data: printable(dataText(resource, type)) };
}

function nameText(name: string | undefined): string {
  return printable(`${(name ?? '').replace(/\.$/, '')}.`);
}

function dataText(resource: Resource, type: string): string {
  const { data } = resource;
  switch (type) {
    case 'A':
    case 'AAAA':
      return resource.address ?? '';
    case 'NS':
      return nameText(resource.ns);
    case 'CNAME':
    case 'PTR':
      return nameText(resource.domain);
    case 'MX':
      return `${resource.priority} ${nameText(resource.exchange)}`;
    case 'SRV':
      return `${resource.priority} ${resource.weight} ${resource.port} ${nameText(resource.target)}`;
    case 'SOA':
      return [
        nameText(resource.primary),
        nameText(resource.admin),
        ...[resource.serial, resource.refresh, resource.retry, resource.expiration, resource.minimum],
      ].join(' ');
    case 'TXT':
    case 'SPF':
      return (Array.isArray(data) ? data : [String(data)]).map(quoted).join(' ');
    case 'CAA':
      return `${resource.flags} ${resource.tag} ${quoted(resource.value ?? '')}`;
    default:
      return Buffer.isBuffer(data) ? bytesText(data, type) : '';
  }
}

function bytesText(data: Buffer, type: string): string {
  const text = type === 'SVCB' || type === 'HTTPS' ? serviceBindingText(data) : undefined;
  return text ?? `\\# ${data.length} ${data.toString('hex')}`.trimEnd();
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
