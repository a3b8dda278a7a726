// Numbers and layouts of Linux, each with the header that has it. All are of the 64-bit, little-endian machines that
// libc.ts lets through, and the same for x86-64 and 64-bit ARM, glibc and musl.

// sys/socket.h
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
/** Past the system's limit, for those who may (socket(7)). */
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

// netinet/in.h
export const IPPROTO_IP = 0;
export const IPPROTO_IPV6 = 41;
export const IP_PKTINFO = 8;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;

// poll.h
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLNVAL = 0x20;

// fcntl.h
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;

// errno.h
export const EINTR = 4;
export const EAGAIN = 11;
export const ENFILE = 23;
export const EMFILE = 24;

/** poll.h: int fd, short events, short revents. */
export const pollfd = { octets: 8, events: 4, revents: 6 } as const;

/** bits/types/struct_iovec.h: void *iov_base, size_t iov_len. */
export const iovec = { octets: 16, base: 0, length: 8 } as const;

/** sys/socket.h: struct msghdr, and after it what was received or sent, in octets. */
export const mmsghdr = {
  octets: 64,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;

/** netinet/in.h: sockaddr_in, sockaddr_in6; sa_family in front is of the machine's order, the port of the network's. */
export const sockaddr = { port: 2, address: 4, octets: 16 } as const;
export const sockaddr6 = { port: 2, address: 8, scope: 24, octets: 28 } as const;
