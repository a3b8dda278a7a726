// Where to look next after an answer without records: the app that the name is of, if it is registered, else its env. The
// origin is the zone of the SOA in the reply; the app is the longest that is registered, as the server has it.
// Limits: of names below the origin alone; the first thousand apps of the env are looked at.

import { callApi } from '../api-call.ts';
import type { ServerConnection } from '../connection.ts';
import { fieldsList, textField } from '../document-fields.ts';
import type { DnsReply } from './lookup.ts';

/** `rollcall show prod/pay`; undefined: there are records, or nothing is known of the name. */
export async function nextStep(
  connection: ServerConnection,
  name: string,
  reply: DnsReply,
): Promise<string | undefined> {
  const origin = reply.authority.find(({ type }) => type === 'SOA')?.name.toLowerCase();
  const full = `${name.toLowerCase().replace(/\.$/, '')}.`;
  if (origin === undefined || origin === '.' || reply.answer.length > 0 || !full.endsWith(`.${origin}`))
    return undefined;
  const labels = full.slice(0, -origin.length - 1).split('.');
  const env = labels.pop() ?? '';
  const found = await callApi(connection, {
    path: `/api/v1/apps/${encodeURIComponent(env)}?limit=1000`,
    timeoutMs: 2000,
  });
  if ('problem' in found) return undefined;
  const apps = new Set(fieldsList(found.document, 'apps').map((app) => textField(app, 'appid')));
  if (apps.size === 0) return 'rollcall ls';
  for (let index = 0; index < labels.length; index++) {
    const appid = labels.slice(index).join('.');
    if (apps.has(appid)) return `rollcall show ${env}/${appid}`;
  }
  const asked = labels.slice(labels.findLastIndex((label) => label.startsWith('_')) + 1).join('.');
  return asked === '' ? `rollcall ls ${env}` : `rollcall ls ${env}, rollcall events ${env}/${asked}`;
}
