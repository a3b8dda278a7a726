// A data folder that is removed, moved or replaced while it is in use: nothing that is written then would be found again.

import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { until } from '../kit/process/until.ts';

async function world() {
  const directory = scratch();
  const folder = join(directory, 'data');
  const aside = join(directory, 'aside');
  const open = await openWorld(folder);
  onTestFinished(() => open.close());
  const write = async (instance: string) => {
    open.harness.register(`orders.prod/${instance}`);
    await open.kept.durable();
  };
  await write('first');
  return { folder, aside, write, kept: open.kept, log: open.log };
}

type Folders = Readonly<Record<'folder' | 'aside', string>>;

test.each<[what: string, act: (folders: Folders) => void]>([
  ['moved away', ({ folder, aside }) => renameSync(folder, aside)],
  [
    'replaced by an empty one',
    ({ folder, aside }) => {
      renameSync(folder, aside);
      mkdirSync(folder);
    },
  ],
  [
    'replaced by a copy of itself',
    ({ folder, aside }) => {
      renameSync(folder, aside);
      cpSync(aside, folder, { recursive: true });
    },
  ],
])(
  'a folder that is %s: the next write is not acknowledged, and it heals when the folder is back',
  async (_what, act) => {
    const { folder, aside, write, kept, log } = await world();
    act({ folder, aside });
    await expect(write('second')).rejects.toThrow(/rollcall\.db is (gone|another file)/);
    expect(kept.trouble).toContain('rollcall.db');
    expect(log.some(({ level, message }) => level === 'error' && message.startsWith('cannot write to the disk'))).toBe(
      true,
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(aside, folder);
    await until('it heals', () => kept.trouble === undefined);
    await write('third');
  },
);

test('a folder that is removed is failing for good', async () => {
  const { folder, write, kept } = await world();
  rmSync(folder, { recursive: true });
  await expect(write('second')).rejects.toThrow('is gone');
  expect(kept.trouble).toContain('is gone');
  expect(existsSync(join(folder, 'rollcall.db'))).toBe(false);
});

test.each(['rollcall.db-wal', 'rollcall.lock'])('%s that is removed is noticed as well', async (name) => {
  const { folder, write } = await world();
  await write('second');
  rmSync(join(folder, name));
  await expect(write('third')).rejects.toThrow(`${name} is gone`);
});
