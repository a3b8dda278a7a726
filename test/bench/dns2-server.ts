// dns2's stock server with the same names, answering from a map: what the library does by itself. Port: argv[2].

import dns2 from 'dns2';
import { addressOf, appCount, nameOf } from './names.ts';

const addresses = new Map<string, string>();
for (let index = 0; index < appCount; index++) addresses.set(nameOf(index), addressOf(index));

const server = dns2.createServer({
  udp: true,
  handle: (request, send) => {
    const response = dns2.Packet.createResponseFromRequest(request);
    const [question] = request.questions;
    const address = question === undefined ? undefined : addresses.get(question.name);
    if (question !== undefined && address !== undefined) {
      const record = { name: question.name, type: dns2.Packet.TYPE.A, class: dns2.Packet.CLASS.IN, ttl: 5, address };
      response.answers.push(record as InstanceType<typeof dns2.Packet.Resource>);
    }
    void send(response);
  },
});
await server.listen({ udp: { port: Number(process.argv[2]), address: '127.0.0.1' } });
