import { createServer } from 'node:net';
import { judgeStatus } from '../../../../../packages/consumer/contracts/verdicts/http-status.ts';
import { findNetworkFault, judgeNetworkCode } from '../../../../../packages/consumer/contracts/verdicts/network.ts';
import type { Verdict } from '../../../../../packages/consumer/contracts/verdicts/verdict.ts';

/**
 * https://nodejs.org/docs/latest-v20.x/api/errors.html#common-system-errors and, of certificates,
 * https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
 */
const rows: Readonly<Record<Verdict, string>> = {
  'not-now': `
    ECONNREFUSED ECONNRESET ECONNABORTED ETIMEDOUT ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NODATA EHOSTUNREACH EHOSTDOWN ENETUNREACH
    ENETDOWN ENETRESET EPIPE ESOCKETTIMEDOUT EADDRNOTAVAIL EMFILE ENFILE ENOBUFS
    UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT UND_ERR_SOCKET UND_ERR_CLOSED
    ERR_HTTP2_STREAM_ERROR ERR_SOCKET_CONNECTION_TIMEOUT ERR_STREAM_PREMATURE_CLOSE ERR_TLS_HANDSHAKE_TIMEOUT
    TimeoutError AbortError ABORT_ERR CERT_NOT_YET_VALID CRL_NOT_YET_VALID`,
  wrong: `
    UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_CRL UNABLE_TO_DECRYPT_CERT_SIGNATURE UNABLE_TO_DECRYPT_CRL_SIGNATURE
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY CERT_SIGNATURE_FAILURE CRL_SIGNATURE_FAILURE CERT_HAS_EXPIRED CRL_HAS_EXPIRED
    DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE
    CERT_CHAIN_TOO_LONG CERT_REVOKED INVALID_CA INVALID_PURPOSE CERT_UNTRUSTED CERT_REJECTED HOSTNAME_MISMATCH
    ERR_TLS_CERT_ALTNAME_INVALID ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION EPROTO
    EACCES EPERM ERR_INVALID_URL UND_ERR_INVALID_ARG`,
  refused: '',
  unknown: 'ENOENT ERR_ASSERTION Error TypeError 28P01 08006',
};

describe.each(Object.keys(rows) as Verdict[])('%s', (verdict) => {
  for (const code of rows[verdict].trim().split(/\s+/).filter(Boolean)) {
    test(`is what ${code} says`, () => expect(judgeNetworkCode(code)).toBe(verdict));
  }
});

test('the fault is found below what fetch says of it, with its code', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const error = await fetch(`http://127.0.0.1:${port}/`).catch((failure: unknown) => failure);
  expect(findNetworkFault(error)).toEqual({ verdict: 'not-now', code: 'ECONNREFUSED' });
});

test('of several addresses, one that may answer later decides', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });
  const both = new AggregateError([coded('EACCES'), coded('ECONNREFUSED')]);
  expect(findNetworkFault(both)).toEqual({ verdict: 'not-now', code: 'ECONNREFUSED' });
  expect(findNetworkFault(new AggregateError([coded('EACCES')]))).toMatchObject({ verdict: 'wrong' });
  expect(findNetworkFault(new Error('no matter of the network'))).toBeUndefined();
});

test('causes in a circle end the search', () => {
  const error = new Error('one');
  error.cause = error;
  expect(findNetworkFault(error)).toBeUndefined();
});

test.each<[Verdict, number[]]>([
  ['refused', [401, 403]],
  ['not-now', [408, 423, 425, 429, 500, 501, 502, 503, 504, 507, 511, 520, 599]],
  ['wrong', [301, 302, 307, 308, 400, 402, 404, 405, 409, 410, 413, 415, 418, 422, 451]],
  ['unknown', [100, 200, 204]],
])('a vendor’s status is %s: %j', (verdict, statuses) => {
  for (const status of statuses) expect([status, judgeStatus(status)]).toEqual([status, verdict]);
});
