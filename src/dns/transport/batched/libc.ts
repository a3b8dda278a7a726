// The calls of Linux's C library that Node has no words for, through koffi: many datagrams in one system call, connections
// without an object each, and a wait on descriptors of our own choice. koffi is an optional dependency with prebuilt binaries: where it is missing, or the
// machine is another than those whose structures are written down here, the reason is a value and Node's own sockets
// do the same work. The structures and numbers are the same in glibc and musl, on x86-64 and 64-bit ARM.
// Buffers handed over stay where they are: their memory lies outside of V8's heap.

import { endianness } from 'node:os';

/** Results are the C library's own: -1 means that `errno` has the reason. Sizes in octets. */
export interface LibC {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, octets: number): number;
  bind(fd: number, address: Uint8Array, octets: number): number;
  getsockname(fd: number, address: Uint8Array, octets: Uint8Array): number;
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Uint8Array, octets: Uint8Array, flags: number): number;
  recv(fd: number, into: Uint8Array, octets: number, flags: number): number;
  send(fd: number, from: Uint8Array, octets: number, flags: number): number;
  poll(descriptors: Uint8Array, count: number, timeoutMs: number): number;
  pipe2(descriptors: Uint8Array, flags: number): number;
  close(fd: number): number;
  /** The reason why the last call of this thread failed: see `errorCode`. */
  errno(): number;
  /** Where the octets lie in memory. */
  addressOf(bytes: Uint8Array): bigint;
}

/** Why batched sockets cannot be had here. */
export interface Unavailable {
  readonly unavailable: string;
}

const architectures: readonly string[] = ['x64', 'arm64'];

const signatures = {
  socket: 'int socket(int, int, int)',
  setsockopt: 'int setsockopt(int, int, int, void *, uint32_t)',
  bind: 'int bind(int, void *, uint32_t)',
  getsockname: 'int getsockname(int, void *, void *)',
  recvmmsg: 'int recvmmsg(int, void *, uint32_t, int, void *)',
  sendmmsg: 'int sendmmsg(int, void *, uint32_t, int)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, void *, void *, int)',
  recv: 'int64_t recv(int, void *, uint64_t, int)',
  send: 'int64_t send(int, void *, uint64_t, int)',
  poll: 'int poll(void *, uint64_t, int)',
  pipe2: 'int pipe2(void *, int)',
  close: 'int close(int)',
} as const;

/** Loads koffi and the C library; once a thread is enough, and twice does no harm. */
export async function loadLibC(): Promise<LibC | Unavailable> {
  const { platform, arch } = process;
  if (platform !== 'linux' || !architectures.includes(arch) || endianness() !== 'LE')
    return { unavailable: `batched sockets are for Linux on x64 and arm64, this is ${platform} on ${arch}` };
  try {
    const { default: koffi } = await import('koffi');
    // What this process has loaded already: its own C library, whatever it is called.
    const library = koffi.load(null);
    const calls = Object.fromEntries(
      Object.entries(signatures).map(([name, signature]) => [name, library.func(signature)]),
    ) as unknown as Omit<LibC, 'errno' | 'addressOf'>;
    return { ...calls, errno: () => koffi.errno(), addressOf: (bytes) => BigInt(koffi.address(bytes)) };
  } catch (error) {
    return { unavailable: `koffi cannot be used: ${error instanceof Error ? error.message : String(error)}` };
  }
}
