// Where a registry's API begins, as text that its paths (`/api/v1/…`) are appended to: an origin, and behind a proxy a prefix
// (`https://registry.example.org/rollcall`).

/** Without a slash at its end. Undefined: there is a query or a fragment, or the path is one of the API itself. */
export function registryAddress({ origin, pathname, search, hash }: URL): string | undefined {
  const prefix = pathname.replace(/\/+$/, '');
  if (search !== '' || hash !== '' || /\/api(\/v1)?$/.test(prefix)) return undefined;
  return origin + prefix;
}
