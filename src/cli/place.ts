// How people name an app and an instance in one word: ENV/APPID and ENV/APPID/INSTANCE. Only the instance may have
// slashes in it. Whether the names are legal is for the server to say.

export interface Place {
  readonly env: string;
  readonly appid: string;
  readonly instance: string | undefined;
}

/** Undefined: it is not of that form. */
export function placeOf(text: string): Place | undefined {
  const parts = /^([^/]+)\/([^/]+)(?:\/(.+))?$/s.exec(text);
  return parts === null ? undefined : { env: parts[1] ?? '', appid: parts[2] ?? '', instance: parts[3] };
}

/** The path of an app or instance in the API. */
export function placePath({ env, appid, instance }: Place): string {
  const parts = instance === undefined ? [env, appid] : [env, appid, instance];
  return `/api/v1/apps/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
}

export function placeText({ env, appid, instance }: Place): string {
  return instance === undefined ? `${env}/${appid}` : `${env}/${appid}/${instance}`;
}
