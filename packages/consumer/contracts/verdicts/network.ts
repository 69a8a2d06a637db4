import type { Verdict } from './verdict.ts';

/** The codes that Node, OpenSSL and undici give to a connection that failed. */
export interface NetworkFault {
  readonly verdict: Verdict;
  readonly code: string;
}

/**
 * The first rule that fits. Only a date cures a certificate that is not valid yet, so that one is asked again; any other
 * certificate is refused again until a person acts.
 * https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
 * https://nodejs.org/docs/latest-v20.x/api/errors.html#common-system-errors
 */
const rules: readonly (readonly [Verdict, RegExp])[] = [
  [
    'not-now',
    /^(CERT_NOT_YET_VALID|CRL_NOT_YET_VALID|ERR_TLS_HANDSHAKE_TIMEOUT|ERR_SSL_(SSLV3_|TLSV1_)ALERT_INTERNAL)/,
  ],
  [
    'wrong',
    /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))/,
  ],
  [
    'wrong',
    /^(EACCES|EPERM|EINVAL|EAFNOSUPPORT|ERR_INVALID_URL|ERR_SOCKET_BAD_PORT|UND_ERR_(INVALID_ARG|NOT_SUPPORTED))$/,
  ],
  [
    'not-now',
    /^(E(CONN|HOST|NET)[A-Z]+|ENOTFOUND|EAI_[A-Z]+|EPIPE|ETIMEDOUT|ESOCKETTIMEDOUT|ESOCKET|EADDRNOTAVAIL|E[MN]FILE|ENOBUFS)$/,
  ],
  ['not-now', /^(UND_ERR|ERR_HTTP2|ERR_SOCKET|ERR_STREAM|TimeoutError$|AbortError$|ABORT_ERR$)/],
];

/** Whether a certificate was not accepted; other faults of TLS are about its version or its absence. */
export function isCertificateFault(code: string): boolean {
  return /^(ERR_TLS|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_)/.test(code);
}

export function judgeNetworkCode(code: string): Verdict {
  return rules.find(([, codes]) => codes.test(code))?.[0] ?? 'unknown';
}

/**
 * The fault of a connection, wherever it stands: below an error that only says "fetch failed", or among those of several
 * addresses, where one address that may answer later decides. Undefined where the error is no matter of the network.
 */
export function findNetworkFault(error: unknown, depth = 0): NetworkFault | undefined {
  if (typeof error !== 'object' || error === null || depth > 5) return undefined;
  const { code, name, cause, errors } = error as Record<string, unknown>;
  for (const word of [code, name]) {
    if (typeof word !== 'string') continue;
    const verdict = judgeNetworkCode(word);
    if (verdict !== 'unknown') return { verdict, code: word };
  }
  const beside = (Array.isArray(errors) ? errors : []).map((one) => findNetworkFault(one, depth + 1));
  const found = beside.find((fault) => fault?.verdict === 'not-now') ?? beside.find((fault) => fault !== undefined);
  return found ?? findNetworkFault(cause, depth + 1);
}
