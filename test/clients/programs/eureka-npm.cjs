// Registers through eureka-js-client, and says when it sees its app with two instances: host, port.
const { Eureka } = require('eureka-js-client');
const [, , host, port] = process.argv;

const client = new Eureka({
  instance: {
    app: 'npm-web',
    instanceId: 'npm-1',
    hostName: '127.0.40.1',
    ipAddr: '127.0.40.1',
    port: { $: 8080, '@enabled': true },
    vipAddress: 'npm-web',
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    metadata: { version: '1.4.2' },
  },
  eureka: { host, port, servicePath: '/eureka/apps/', heartbeatInterval: 300, registryFetchInterval: 200 },
});
client.logger.level('error');
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
client.start((error) => {
  if (error) throw error;
  report({ event: 'registered' });
  const timer = setInterval(() => {
    const found = client.getInstancesByAppId('NPM-WEB');
    if (found.length < 2) return;
    clearInterval(timer);
    report({ event: 'seen', ids: found.map(({ instanceId }) => instanceId).sort() });
  }, 100);
});
process.on('SIGTERM', () => client.stop(() => process.exit(0)));
