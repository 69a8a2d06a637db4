import type { Verdict } from './verdict.ts';

/**
 * What a vendor's status says of the credential that was sent. A vendor that is asked too often, too early or while it is
 * locked has not looked at the request. https://www.rfc-editor.org/rfc/rfc9110#section-15
 */
export function judgeStatus(status: number): Verdict {
  if (status === 401 || status === 403) return 'refused';
  if ([408, 423, 425, 429].includes(status) || status >= 500) return 'not-now';
  return status >= 300 ? 'wrong' : 'unknown';
}
