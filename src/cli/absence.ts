// The message about an env or an app that is not registered: whether the env exists at all, what is named alike, and whether
// there were instances that have left. A list of nothing with exit code 0 would hide a typing error; it is 4.
// Limits: the first thousand apps are looked through for a name that is alike.

import { didYouMean } from '../config/did-you-mean.ts';
import { callApi } from './api-call.ts';
import type { ServerConnection } from './connection.ts';
import { appField, fieldsList, textField, timeUntil } from './document-fields.ts';
import { exitCodes } from './exit-codes.ts';
import type { CommandFault } from './fault.ts';
import { printable } from './terminal/printable.ts';

export interface Sought {
  readonly env: string;
  /** Undefined: all of the env. */
  readonly appid: string | undefined;
}

/** Undefined: something is registered there. */
export async function absence(connection: ServerConnection, { env, appid }: Sought): Promise<CommandFault | undefined> {
  const inEnv = await callApi(connection, {
    path: `/api/v1/apps/${encodeURIComponent(env.toWellFormed())}?limit=1000`,
  });
  if ('problem' in inEnv) return inEnv;
  const apps = fieldsList(inEnv.document, 'apps');
  if (apps.length === 0) return absentEnv(connection, env, appid);
  const name = `${env}/${appid}`.toLowerCase();
  if (appid === undefined || apps.some((app) => appField(app) === name)) return undefined;
  const alike = didYouMean(name, apps.map(appField));
  const left = await lastEvent(connection, `app=${encodeURIComponent(name.toWellFormed())}`, name);
  const next = left === '' && alike === '' ? `; "rollcall ls ${env}" lists what is` : '';
  return missing(`Nothing is registered as ${name}${left}${alike}${next}`);
}

async function absentEnv(connection: ServerConnection, env: string, appid: string | undefined): Promise<CommandFault> {
  const all = await callApi(connection, { path: '/api/v1/apps?limit=1000' });
  const envs =
    'problem' in all ? [] : [...new Set(fieldsList(all.document, 'apps').map((app) => textField(app, 'env')))];
  const what = appid === undefined ? `in ${env}` : `as ${env}/${appid}: there is no env ${env}`;
  if (envs.length === 0) return missing(`Nothing is registered ${what}; nothing is registered at all`);
  const left = await lastEvent(connection, `env=${encodeURIComponent(env.toWellFormed())}`, env);
  const alike = didYouMean(env, envs);
  const others = envs.slice(0, envsShown).join(', ') + (envs.length > envsShown ? ', …' : '');
  return missing(`Nothing is registered ${what}${left}${alike === '' ? `; there is ${others}` : alike}`);
}

const envsShown = 10;

/** `; its last instance was evicted 3s ago: rollcall events prod/pay`; empty where the record has nothing. */
async function lastEvent(connection: ServerConnection, query: string, name: string): Promise<string> {
  const reply = await callApi(connection, { path: `/api/v1/events?${query}&why=cancelled,evicted&limit=1` });
  const [event] = 'problem' in reply ? [] : fieldsList(reply.document, 'events');
  if (event === undefined) return '';
  const age = timeUntil(event, 'at', Date.now()).replace('-', '');
  return `; its last instance was ${textField(event, 'why')} ${age} ago: rollcall events ${name}`;
}

function missing(sentence: string): CommandFault {
  const text = printable(sentence);
  return { problem: text.endsWith('?') ? text : `${text}.`, code: exitCodes.missing };
}
