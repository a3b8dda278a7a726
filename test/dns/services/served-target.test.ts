// A host name among the addresses that lies in our own zones has to be one that can be a target of SRV.

import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { brokenZone } from '../../../src/dns/zone/zone.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { Harness } from '../../kit/registry/harness.ts';

function world(): Harness {
  const harness = new Harness({ lines: worldLines });
  harness.register('db.prod/a', { addrs: ['pg://10.0.0.9:5432'] });
  harness.register('cold.prod/a', { status: 'waiting' });
  harness.register('names.prod/a', { addrs: ['pg://db.example:5432'] });
  return harness;
}

const target = (harness: Harness, host: string, at = 'orders.prod/o1') =>
  harness.register(at, { addrs: ['http://10.0.0.1:80', `pg://${host}:5432`] });

describe('a registration with a host name', () => {
  test.each([
    ['of another domain', 'db.example'],
    ['of a file', 'web.svc'],
    ['of a file, in capitals and with a dot', 'WEB.SVC.'],
    ['of a file\u2019s wildcard', 'any.wild.svc'],
    ['behind a delegation', 'x.child.svc'],
    ['of another app', 'db.prod.svc'],
    ['of an instance of another app', 'a.db.prod.svc'],
    ['of an app that waits', 'cold.prod.svc'],
  ])('%s is taken: %s', (_, host) => {
    const harness = world();
    expect(target(harness, host).kind).toBe('created');
  });

  test.each([
    ['that a file has not', 'nowhere.svc', 'does not exist'],
    ['of an app that is not registered', 'nobody.prod.svc', 'does not exist'],
    ['of an instance that is not registered', 'b.db.prod.svc', 'does not exist'],
    ['that is an alias', 'alias.svc', 'CNAME'],
    ['of a wildcard alias', 'x.walias.svc', 'CNAME'],
    ['below a redirection', 'x.dn.svc', 'DNAME'],
    ['of the origin', 'svc', 'no address'],
    ['of an env', 'prod.svc', 'no address'],
    ['with other types only', 'mail.svc', 'no address'],
    ['of an app behind host names', 'names.prod.svc', 'no address'],
    ['of the app itself', 'orders.prod.svc', 'itself'],
    ['of the instance itself', 'o1.orders.prod.svc', 'itself'],
    ['below the instance itself', 'http.o1.orders.prod.svc', 'itself'],
    ['in a private reverse zone', 'x.10.in-addr.arpa', 'does not exist'],
  ])('%s is refused: %s', (_, host, why) => {
    const outcome = target(world(), host);
    expect(outcome).toMatchObject({ kind: 'invalid', problem: { field: 'addrs[1]', value: host } });
    expect((outcome as { problem: { message: string } }).problem.message).toContain(why);
  });

  test('is refused when it comes later as well, by PUT and by PATCH', () => {
    const harness = world();
    harness.register('orders.prod/o1');
    expect(target(harness, 'orders.prod.svc').kind).toBe('invalid');
    const patched = harness.registry.patch(
      { env: 'prod', appid: 'orders', instance: 'o1' },
      { addrs: ['pg://nowhere.svc:1'] },
    );
    expect(patched).toMatchObject({ kind: 'invalid', problems: [{ field: 'addrs[0]' }] });
  });

  test('stays when its name has gone meanwhile', () => {
    const harness = world();
    expect(target(harness, 'db.prod.svc').kind).toBe('created');
    harness.cancel('db.prod/a');
    expect(target(harness, 'db.prod.svc').kind).toBe('unchanged');
    harness.patch('orders.prod/o1', { weight: 3 });
  });

  test('in a zone whose file is broken is taken: what is in it is not known', () => {
    const harness = world();
    harness.serveZone(brokenZone(name('broken.svc.')));
    expect(target(harness, 'x.broken.svc').kind).toBe('created');
  });
});
