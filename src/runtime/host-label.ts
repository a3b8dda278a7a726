// The name of this machine as one DNS label: what comes before the first dot of its host name.

import { hostname } from 'node:os';

export function hostLabel(): string {
  const [label = ''] = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .split('.');
  return label.replace(/^-+|-+$/g, '') || 'rollcall';
}
