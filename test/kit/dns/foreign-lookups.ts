// Small programs that look names up as other people's software does: Go's own resolver, and `getaddrinfo` in C. Their
// sources are here as text, since they are compiled when a test asks for them and where a compiler is installed.

/** `lookup HOST:PORT NAME`: what Go's resolver (not libc's) makes of a name, as JSON. */
export const goLookup = `package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"time"
)

func failure(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return "not found"
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, os.Args[1])
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	name := os.Args[2]
	hosts, hostsErr := resolver.LookupHost(ctx, name)
	_, services, servicesErr := resolver.LookupSRV(ctx, "", "", name)
	texts, textsErr := resolver.LookupTXT(ctx, name)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"hosts": hosts, "hostsError": failure(hostsErr),
		"services": services, "servicesError": failure(servicesErr),
		"texts": texts, "textsError": failure(textsErr),
	})
}
`;

/** `lookup NAME`: addresses one a line, or the error in words. */
export const cLookup = `#define _GNU_SOURCE
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	int fault = getaddrinfo(argv[argc - 1], 0, &hints, &found);
	if (fault) return printf("fault %s\\n", fault == EAI_NONAME ? "no such name" : gai_strerror(fault)), 0;
	for (; found; found = found->ai_next) {
		char text[64];
		getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, 0, 0, NI_NUMERICHOST);
		puts(text);
	}
}
`;

/** The same in Python, that is, in the libc of the system; the name is the last argument. */
export const pythonLookup = `import socket, sys
try:
    for found in socket.getaddrinfo(sys.argv[-1], None, type=socket.SOCK_STREAM): print(found[4][0])
except socket.gaierror as fault:
    print("fault", "no such name" if fault.errno == socket.EAI_NONAME else fault.strerror)
`;

/** Switches the loopback interface of a new network namespace on, which needs no program then. */
export const loopbackUp = `import fcntl, socket, struct
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack("16sh", b"lo", 0x41))
`;
