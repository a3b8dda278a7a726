// `env/appid`: how parameters and bodies name an app in one word. Neither part can contain a slash.

import { type AppKey, parseAppid, parseEnv } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';

/** The canonical parts, or what is wrong with them; `field` is where they were given. */
export function parseAppKey(field: string, text: string): AppKey | Problem {
  const slash = text.indexOf('/');
  if (slash < 0) return problem(field, 'must be of the form env/appid, such as prod/orders', text);
  const env = parseEnv(text.slice(0, slash));
  const appid = parseAppid(text.slice(slash + 1));
  const fault = typeof env === 'object' ? env : typeof appid === 'object' ? appid : undefined;
  if (fault !== undefined) return problem(field, `${fault.field} ${fault.message}`, text);
  return { env: env as string, appid: appid as string };
}
