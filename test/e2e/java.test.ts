// What Java programs get: the DNS provider of JNDI, asked by a program of one file that `java` compiles as it starts.
// Not on CI's list, since a JDK is larger than all the rest together: skipped where `java` is not installed.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { installed } from '../kit/process/installed.ts';
import { output } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

/** `Lookup.java HOST:PORT NAME/TYPE…`: a line for each question, with the values or the class of the exception. */
const javaLookup = `
import java.util.*;
import javax.naming.*;
import javax.naming.directory.*;

public class Lookup {
  public static void main(String[] args) throws Exception {
    Hashtable<String, String> settings = new Hashtable<>();
    settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    settings.put(Context.PROVIDER_URL, "dns://" + args[0]);
    settings.put(Context.AUTHORITATIVE, "true");
    settings.put("com.sun.jndi.dns.timeout.initial", "3000");
    settings.put("com.sun.jndi.dns.timeout.retries", "1");
    DirContext dns = new InitialDirContext(settings);
    for (int i = 1; i < args.length; i++) {
      String[] question = args[i].split("/");
      List<String> line = new ArrayList<>(List.of(args[i]));
      try {
        Attribute found = dns.getAttributes(question[0], new String[] {question[1]}).get(question[1]);
        if (found == null) line.add("no data");
        else for (Object value : Collections.list(found.getAll())) line.add(value.toString());
      } catch (NamingException fault) {
        line.add(fault.getClass().getSimpleName());
      }
      System.out.println(String.join("\\t", line));
    }
  }
}
`;

const many = 120;
const expected: Readonly<Record<string, readonly string[]>> = {
  'orders.prod.svc/A': ['10.0.0.7', '10.0.0.8'],
  'ORDERS.Prod.svc./A': ['10.0.0.7', '10.0.0.8'],
  'orders.prod.svc/AAAA': ['2001:db8::7'],
  'orders-2.orders.prod.svc/AAAA': ['no data'],
  '_grpc._tcp.orders.prod.svc/SRV': ['0 10 9090 grpc.orders-1.orders.prod.svc.'],
  '_http._tcp.orders.prod.svc/SRV': ['0 10 8080 http.orders-1.orders.prod.svc.', '1 10 8080 orders-2.orders.prod.svc.'],
  // JNDI joins the strings of a record with spaces; one with spaces of its own is quoted.
  'orders-1.orders.prod.svc/TXT': ['team=checkout "motto=fast and right"'],
  '7.0.0.10.in-addr.arpa/PTR': ['orders.prod.svc.'],
  '_http._tcp.prod.svc/PTR': ['orders-1~orders._http._tcp.prod.svc.', 'orders-2~orders._http._tcp.prod.svc.'],
  'svc/NS': ['ns.svc.'],
  'asleep.prod.svc/A': ['no data'],
  'nobody.prod.svc/A': ['NameNotFoundException'],
  'www.example.org/A': ['OperationNotSupportedException'],
};

test.skipIf(!installed('java'))(
  `Java finds all types, whole sets that no datagram holds, and what is not there${installed('java') ? '' : ' (not installed)'}`,
  async () => {
    const found = new Map(answers.map(([question = '', ...values]) => [question, values.sort()]));
    const large = found.get('many.prod.svc/A') ?? [];
    found.delete('many.prod.svc/A');
    expect(Object.fromEntries(found)).toEqual(expected);
    // Over TCP, after an answer that was cut.
    expect(new Set(large.filter((address) => /^10\.1\.0\.\d+$/.test(address))).size).toBe(100);
  },
);

const directory = scratch({ 'Lookup.java': javaLookup });
let server: ServerProcess | undefined;
let answers: string[][] = [];

beforeAll(async () => {
  if (!installed('java')) return;
  server = await startServer();
  const api = new ApiClient(server.http);
  await Promise.all([
    api.register('prod/orders/orders-1', ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'], {
      metadata: { team: 'checkout', motto: 'fast and right' },
    }),
    api.register('prod/orders/orders-2', ['http://10.0.0.8:8080'], { priority: 1 }),
    api.register('prod/asleep/asleep-1', ['ftp://10.0.0.10:21'], { status: 'waiting' }),
    ...Array.from({ length: many }, (_, i) => api.register(`prod/many/many-${i}`, [`tcp://10.1.0.${i + 1}:80`])),
  ]);
  api.close();
  const questions = [...Object.keys(expected), 'many.prod.svc/A'];
  // A short life: what is compiled well is of no use.
  const quickly = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];
  const args = [...quickly, join(directory, 'Lookup.java'), `127.0.0.1:${server.dnsPort}`, ...questions];
  const text = await output('java', args, { cwd: directory, withinMs: 15_000 });
  answers = text.split('\n').map((line) => line.split('\t'));
});

afterAll(async () => {
  removeScratch(directory);
  await server?.stop();
});
