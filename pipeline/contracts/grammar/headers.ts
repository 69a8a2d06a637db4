import * as v from 'valibot';

/** Headers that the transport writes itself. */
const ownHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade']);

/** A token of RFC 9110. https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
export const HeaderName = v.pipe(
  v.string(),
  v.check(
    (name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) && !ownHeaders.has(name.toLowerCase()),
    'the name of a header other than Host, Connection and Content-Length',
  ),
);

/** A line break would begin another header. */
export const HeaderValue = v.pipe(
  v.string(),
  v.regex(/^[ -~]{0,2000}$/, 'at most 2000 characters of printable ASCII, in one line'),
);

export const PlainHeaders = v.pipe(v.record(HeaderName, HeaderValue), v.maxEntries(30, '30 headers or less'));
