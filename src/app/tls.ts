// The certificate of this server as operators hear of it: read once at the start, where a wrong pair ends it with a sentence;
// then logged when it changes, when it cannot be read, and while its end is near.

import type { Logger } from 'pino';
import { type ClientAuth, TlsCounts } from '../http/server/secure-connections.ts';
import { type Certificate, CertificateSource } from '../runtime/certificate.ts';
import { exposureOf } from '../runtime/exposed-file.ts';

/** What the HTTP plane serves HTTPS with. */
export interface Tls {
  readonly certificate: CertificateSource;
  readonly clientAuth: ClientAuth;
  readonly counts: TlsCounts;
}

interface Settings {
  readonly tlsClientAuth: ClientAuth;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
}

/** Renewals by ACME come a month before the end; a warning two weeks before it leaves time. */
const nearMs = 14 * 24 * 3600 * 1000;

/** Undefined: no TLS is configured. */
export function openTls(
  { tlsCert, tlsKey, tlsClientCa, tlsClientAuth }: Settings,
  logger: Logger,
): Tls | { readonly problem: string } | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const source = CertificateSource.open({ cert: tlsCert, key: tlsKey, clientCa: tlsClientCa });
  if ('problem' in source) return { problem: `Cannot serve HTTPS: ${source.problem}` };
  source.on({
    onReload: (certificate) => {
      logger.info(certificateSummary(certificate), 'the certificate has changed: new connections get the new one');
      warnOfEnd(certificate, logger);
      warnOfExposure(tlsKey, logger);
    },
    onProblem: (problem) => logger.error({ problem }, 'Cannot use the new certificate: the one before stays in use'),
  });
  warnOfEnd(source.current, logger);
  warnOfExposure(tlsKey, logger);
  return { certificate: source, clientAuth: tlsClientAuth, counts: new TlsCounts() };
}

export function certificateSummary({ names, expiresAtMs }: Certificate): {
  readonly names: string;
  readonly expires: string;
} {
  return { names, expires: new Date(expiresAtMs).toISOString() };
}

function warnOfEnd(certificate: Certificate, logger: Logger): void {
  const leftMs = certificate.expiresAtMs - Date.now();
  if (leftMs >= nearMs) return;
  const what = leftMs <= 0 ? 'the certificate has expired: clients refuse it' : 'the certificate expires soon';
  logger.warn(certificateSummary(certificate), what);
}

function warnOfExposure(file: string, logger: Logger): void {
  const exposure = exposureOf(file);
  if (exposure !== undefined) logger.warn({ file, mode: exposure.mode }, `The key is not private: ${exposure.text}`);
}

/** For the metrics page; read anew at each scrape. */
export function certificateFacts({ certificate, counts }: Tls): {
  readonly expiresAtMs: number;
  readonly isFailing: boolean;
  readonly handshakes: TlsCounts;
} {
  const { current, isFailing } = certificate;
  return { expiresAtMs: current.expiresAtMs, isFailing, handshakes: counts };
}
