const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

/**
 * Whether a request under `/_local/` may be one that this machine's person meant: a page of another origin must not reset
 * the cloud, and a name that was made to resolve to the loopback must not read from it.
 */
export function isFromThisMachine(headers: Readonly<Record<string, string>>): boolean {
  if (!loopback.test(headers.host ?? '')) return false;
  const { origin } = headers;
  return origin === undefined || (URL.canParse(origin) && loopback.test(new URL(origin).host));
}
