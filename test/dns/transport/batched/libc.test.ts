// Where batched sockets cannot be had, the reason is a value.

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openBatchedUdp } from '../../../../src/dns/transport/batched/batched-udp.ts';
import { loadLibC } from '../../../../src/dns/transport/batched/libc.ts';
import { findLoopDescriptor } from '../../../../src/dns/transport/batched/loop-descriptor.ts';
import { FakeKernel } from '../../../kit/dns/fake-kernel.ts';

describe('there are none', () => {
  test.each([
    ['darwin', 'arm64'],
    ['win32', 'x64'],
    ['linux', 'ia32'],
    ['linux', 'riscv64'],
  ])('on %s, %s', async (platform, arch) => {
    const machine = { platform: process.platform, arch: process.arch };
    onTestFinished(() => {
      for (const [key, value] of Object.entries(machine)) Object.defineProperty(process, key, { value });
    });
    for (const [key, value] of Object.entries({ platform, arch })) Object.defineProperty(process, key, { value });
    const unavailable = `batched sockets are for Linux on x64 and arm64, this is ${platform} on ${arch}`;
    expect(await loadLibC()).toEqual({ unavailable });
    expect(await openBatchedUdp()).toEqual({ unavailable });
  });

  test('without koffi', async () => {
    vi.doMock('koffi', () => {
      throw new Error('not installed');
    });
    onTestFinished(() => {
      vi.doUnmock('koffi');
    });
    expect(await loadLibC()).toEqual({ unavailable: expect.stringMatching(/^koffi cannot be used: /) });
  });

  test('without a descriptor to spare', async () => {
    expect(await findLoopDescriptor(new FakeKernel())).toEqual({ unavailable: 'no pipe: errno 24' });
  });
});
