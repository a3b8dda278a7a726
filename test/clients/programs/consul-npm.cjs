// Registers through npm's consul client with a TTL check, watches its service, and says what it sees: host, port, secret.
const Consul = require('consul');
const [, , host, port, secret] = process.argv;

const consul = new Consul({ host, port: Number(port), defaults: { token: secret } });
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const idsOf = (entries) => entries.map(({ Service }) => Service.ID).sort();

async function run() {
  const check = { ttl: '10s', deregistercriticalserviceafter: '1m' };
  const service = {
    name: 'npm-web',
    id: 'npm-1',
    address: '127.0.30.1',
    port: 8080,
    tags: ['v1'],
    meta: { team: 'x' },
  };
  await consul.agent.service.register({ ...service, check });
  const critical = await consul.health.service({ service: 'npm-web', passing: true });
  await consul.agent.check.pass({ id: 'service:npm-1' });
  const timer = setInterval(() => consul.agent.check.pass({ id: 'service:npm-1' }), 1000);
  const leader = await consul.status.leader();
  const services = await consul.catalog.service.list();
  report({ event: 'registered', critical: critical.length, leader, tags: services['npm-web'] });
  const watch = consul.watch({ method: consul.health.service, options: { service: 'npm-web', passing: true } });
  watch.on('change', (entries) => report({ event: `seen ${idsOf(entries)}` }));
  watch.on('error', (error) => report({ event: 'error', message: String(error) }));
  process.on('SIGTERM', async () => {
    watch.end();
    clearInterval(timer);
    await consul.agent.service.deregister({ id: 'npm-1' });
    process.exit(0);
  });
}

run().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
