import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Principal } from '../cloud.ts';
import type { AdministratorKey } from './administrator-key.ts';
import { type PresentedCredentials, readCredentials } from './credentials.ts';
import { identify, type LongTermKeys } from './identify.ts';
import type { SessionStore } from './sessions.ts';
import type { SignedRequest } from './signature.ts';

export interface CallersOptions {
  readonly administrator: AdministratorKey;
  /** A key that the cloud does not know stands for the administrator, unchecked. */
  readonly anyCredentials: boolean;
  readonly pageToken: string;
  readonly sessions: SessionStore;
  readonly keys: LongTermKeys;
  readonly clock: Clock;
  readonly accountId: string;
  readonly region: string;
}

/** The header in which the console's page, and a person with curl, carry the token of the page. */
export const PAGE_TOKEN_HEADER = 'x-laptop-token';

/** The signing name under which requests below `/_local/` are signed. */
const OWN_SERVICE = 'laptop';

/** Who may speak to this cloud. */
export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** @throws AwsError for credentials that are missing, unknown, expired, or did not sign this request */
  identify(
    presented: PresentedCredentials,
    request: SignedRequest,
    scope: { service: string; region: string },
  ): Principal {
    return identify(presented, request, { ...this.#options, ...scope });
  }

  /** Whether a request below `/_local/` carries the page's token. */
  hasPageToken(headers: Readonly<Record<string, string>>): boolean {
    const given = Buffer.from(headers[PAGE_TOKEN_HEADER] ?? '');
    const expected = Buffer.from(this.#options.pageToken);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Who has signed a request below `/_local/`. @throws AwsError */
  identifyLocal(request: SignedRequest): Principal {
    const presented = readCredentials(request.headers, request.query);
    return this.identify(presented, request, { service: OWN_SERVICE, region: this.#options.region });
  }
}
