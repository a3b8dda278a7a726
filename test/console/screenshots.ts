// Takes the pictures of docs/console/, light and dark: `node test/console/screenshots.ts` in a checkout with Chromium. A
// picture is small, or it would weigh more than the page that it shows.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { root, startServer } from '../kit/process/server-process.ts';
import { openBrowser, openPage } from './browser.ts';
import { registerFleet } from './fleet.ts';
import { smallPng } from './small-png.ts';

const folder = join(root, 'docs', 'console');
const viewport = { width: 1180, height: 760 };

/** Name, path and what has to be there before the picture is taken. */
const pictures: readonly (readonly [name: string, path: string, shows: string])[] = [
  ['overview', '/console/', 'all waiting'],
  ['app', '/console/#/apps/prod/pay', 'pay-6'],
  ['instance', '/console/#/apps/prod/orders/orders-2', 'Drain'],
  ['events', '/console/#/events', 'search-2'],
  ['resolve', '/console/#/resolve?name=_http._tcp.pay.prod.svc&type=SRV', 'SRV 0 10 8080'],
  ['traffic', '/console/#/traffic', 'NOERROR'],
  ['zones', '/console/#/zones', 'all are served'],
  ['guard', '/console/#/guard', 'rests'],
  ['sign-in', '/console/#/sign-in', 'Token'],
  ['api', '/docs/', 'Register or replace'],
];

// Pictures show no path of this machine.
const server = await startServer({ directory: root, zones: 'zones' });
const api = new ApiClient(server.http);
await registerFleet(api);
const dns = await udpClient(server.dnsPort);
const names = ['orders.prod.svc', 'pay.prod.svc', 'pay.prod.svc', 'oders.prod.svc'];
let asked: Promise<unknown> = Promise.resolve();
const asking = setInterval(() => {
  asked = Promise.allSettled(names.map((name) => dns.ask(name)));
}, 25);
const browser = await openBrowser();
mkdirSync(folder, { recursive: true });
for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, path, shows] of pictures) {
    const { page, close } = await openPage(browser, server.http, path, { colorScheme, viewport });
    await page.getByText(shows).first().waitFor();
    // Lines need some points.
    await page.waitForTimeout(name === 'overview' || name === 'traffic' ? 32_000 : 1500);
    const picture = smallPng(await page.screenshot({ animations: 'disabled' }));
    writeFileSync(join(folder, `${name}-${colorScheme}.png`), picture);
    console.log(`${name}-${colorScheme}.png: ${picture.length} octets`);
    await close();
  }
}
clearInterval(asking);
await asked;
dns.close();
api.close();
await browser.close();
await server.stop();
