// The hosts line, as distributions ship it and as people break it.

import { expect, test } from 'vitest';
import { nsswitchFinding } from '../../../src/cli/doctor/nsswitch.ts';

test.each([
  ['hosts: files dns', 'ok'],
  ['hosts:          files mdns4_minimal [NOTFOUND=return] dns', 'ok'],
  ['hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns', 'ok'],
  ['passwd: files\n# hosts: files\n', 'ok'],
  ['hosts: files # dns', 'fail'],
  ['hosts: files myhostname', 'fail'],
  ['hosts: files [NOTFOUND=return] dns', 'warn'],
])('%j is %s', (text, level) => {
  expect(nsswitchFinding(text, 'nsswitch.conf')).toMatchObject({ level, what: 'nsswitch.conf' });
});
