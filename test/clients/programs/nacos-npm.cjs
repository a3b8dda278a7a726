// Registers through the npm package nacos, and says when it is pushed a list with two instances: server, user, secret.
const { NacosNamingClient } = require('nacos');
const [, , serverList, username, password] = process.argv;

const logger = { ...console, log() {}, info() {}, debug() {}, warn() {} };
const login = username === undefined ? {} : { username, password };
const client = new NacosNamingClient({ logger, serverList, namespace: 'public', ...login });
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const instance = { ip: '127.0.50.1', port: 8080, weight: 2, metadata: { version: '1.4.2' } };

async function main() {
  await client.ready();
  client.subscribe('npm-web', (hosts) => {
    const ips = hosts.map(({ ip }) => ip).sort();
    report({ event: ips.length === 2 ? 'seen' : 'pushed', ips });
  });
  await client.registerInstance('npm-web', instance);
  report({ event: 'registered', status: await client.getServerStatus() });
}
process.on('SIGTERM', async () => {
  await client.deregisterInstance('npm-web', instance);
  process.exit(0);
});
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
