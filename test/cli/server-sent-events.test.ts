// The reader of event streams: what is cut anywhere comes together again, and a place is only taken when its event is whole.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerSentEvents } from '../../src/cli/server-sent-events.ts';

const text =
  'retry: 1500\n\nevent: snapshot\ndata: {"a":1}\n\nid: 7\nevent: updated\ndata: {"b":\ndata: 2}\n\n:\nid: 9\n\ndata:x\n\n';

test('events come out whole, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const parser = new ServerSentEvents();
      const events = places.slice(1).flatMap((end, index) => parser.push(text.slice(places[index], end)) ?? []);
      expect(events).toEqual([
        { event: 'snapshot', data: '{"a":1}' },
        { event: 'updated', data: '{"b":\n2}' },
        { event: 'message', data: 'x' },
      ]);
      expect({ id: parser.lastEventId, retryMs: parser.retryMs }).toEqual({ id: '9', retryMs: 1500 });
    }),
  );
});

test('an event that was cut off is told again: its place does not count', () => {
  const parser = new ServerSentEvents();
  expect(parser.push('id: 1\ndata: one\n\nid: 2\ndata: tw')).toEqual([{ event: 'message', data: 'one' }]);
  parser.reset();
  expect(parser.lastEventId).toBe('1');
  expect(parser.push('data: new\n\n')).toEqual([{ event: 'message', data: 'new' }]);
  expect(parser.lastEventId).toBe('1');
});
