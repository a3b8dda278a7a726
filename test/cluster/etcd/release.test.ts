// Which releases are served, and whose progress replies may be believed.

import { expect, test } from 'vitest';
import { isProgressOrdered, isSupported } from '../../../src/cluster/etcd/release.ts';

test.each([
  ['3.3.27', false, false],
  ['3.4.0', true, false],
  ['3.4.23', true, false],
  ['3.4.25', true, true],
  ['3.5.0', true, false],
  ['3.5.8', true, true],
  ['3.5.10', true, true],
  ['3.6.0-rc.1', true, true],
  ['3.10.0', true, true],
  ['4.0.0', true, true],
  ['', false, false],
  ['new', false, false],
])('%s', (version, supported, ordered) => {
  expect([isSupported(version), isProgressOrdered(version)]).toEqual([supported, ordered]);
});
