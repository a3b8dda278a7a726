// What a changed zone file does, and in which order.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { zoneReload } from '../../src/app/zone-reload.ts';
import { name } from '../../src/dns/message/name.ts';
import { ZoneTable } from '../../src/dns/zone/zone-table.ts';
import { originLines, zoneOf } from '../kit/dns/static-records.ts';

function world(isLive: boolean) {
  const steps: string[] = [];
  const zones = new ZoneTable();
  const zone = zoneOf('svc.', originLines);
  const listen = zoneReload({
    registry: {
      touch: () => {
        steps.push('revision');
        return 17;
      },
    },
    persistence: { touched: (revision) => void steps.push(`kept ${revision}`) },
    liveZones: {
      isLive: () => isLive,
      serve: (served) => {
        steps.push('serve');
        zones.set(served);
      },
      drop: () => void steps.push('drop'),
    },
    plane: { serveZone: () => void steps.push('post'), dropZone: () => void steps.push('post end') },
    metrics: { zoneFileChanged: ({ kind }) => void steps.push(`count ${kind}`) },
    zoneFiles: { changed: () => {} },
    zones,
    warnOfZones: () => void steps.push('warn'),
    logger: pino({ level: 'silent' }),
  });
  return { steps, zone, zones, listen };
}

test('a zone with live names takes a revision first, then is served here, then goes to the DNS threads', () => {
  const { steps, zone, listen } = world(true);
  listen({ kind: 'loaded', path: 'zones/svc.zone', zone, digest: 'd1', isNew: false, isMended: false });
  expect(steps).toEqual(['revision', 'kept 17', 'serve', 'post', 'count loaded', 'warn']);
});

test('a zone of files alone has its own serial, and takes no revision', () => {
  const { steps, zone, listen } = world(false);
  listen({ kind: 'loaded', path: 'zones/example.zone', zone, digest: 'd2', isNew: true, isMended: false });
  expect(steps).toEqual(['serve', 'post', 'count loaded', 'warn']);
});

test('a deleted zone that is let go takes a revision, since other names come back with it', () => {
  const { steps, zone, listen } = world(false);
  listen({ kind: 'released', path: 'zones/example.zone', apex: zone.apex });
  expect(steps).toEqual(['revision', 'kept 17', 'drop', 'post end', 'count released']);
});

test('a new file that is broken is SERVFAIL for its zone where nothing else answers, as at a start', () => {
  const { steps, zones, listen } = world(false);
  const refused = (apex: string | undefined) =>
    listen({
      kind: 'refused',
      path: 'zones/x.zone',
      faults: [],
      isServed: false,
      apex: apex === undefined ? undefined : name(apex),
    });
  refused('example.');
  expect(steps).toEqual(['serve', 'post', 'count refused']);
  expect(zones.get(name('example.'))?.isBroken).toBe(true);
  for (const apex of ['example.', 'below.example.', undefined]) refused(apex);
  expect(steps.slice(3)).toEqual(['count refused', 'count refused', 'count refused']);
});

test('news of another kind changes nothing that is served', () => {
  const { steps, listen } = world(true);
  listen({ kind: 'deleted', path: 'zones/svc.zone' });
  expect(steps).toEqual(['count deleted']);
});
