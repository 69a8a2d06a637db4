import type { Timer } from '../../clock.ts';
import { AwsError, type Cloud } from '../../cloud.ts';
import { rolePrincipal } from '../../identity/principals.ts';
import type { RegisteredLogin } from '../../postgres/proxy/proxy.ts';
import { computeScramVerifier } from '../../postgres/scram.ts';
import type { UserAuth } from './state.ts';

interface Registration {
  readonly region: string;
  readonly name: string;
  readonly roleArn: string;
  readonly auth: readonly UserAuth[];
}

interface Known {
  readonly versionId: string;
  readonly login: RegisteredLogin;
}

/** With these a proxy has lost its access; after any other error it goes on with what it knows. */
const LOST = new Set(['AccessDeniedException', 'ResourceNotFoundException', 'InvalidRequestException']);

/**
 * What a proxy knows of its registered secrets: their AWSCURRENT values, read with the proxy's own role, and read again
 * only every `settings.proxyRefreshMilliseconds`. Zero reads at every login.
 */
export class RegisteredLogins {
  readonly #cloud: Cloud;
  readonly #registration: () => Registration;
  readonly #known = new Map<string, Known>();
  readonly #complaints = new Map<string, string>();
  #reading: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(cloud: Cloud, registration: () => Registration) {
    this.#cloud = cloud;
    this.#registration = registration;
  }

  /** Reads at once, for the first time and after the registration has changed, and then again and again. */
  refresh(): Promise<void> {
    this.#timer?.cancel();
    this.#reading = this.#read().finally(() => {
      const milliseconds = this.#cloud.settings.proxyRefreshMilliseconds;
      if (this.#stopped || milliseconds <= 0) return;
      this.#timer?.cancel();
      this.#timer = this.#cloud.clock.after(milliseconds, () => void this.#again());
    });
    return this.#reading;
  }

  /** A refresh of its own accord does not hold logins up: they are judged by what was known. */
  async #again(): Promise<void> {
    await this.#read();
    if (this.#stopped) return;
    this.#timer = this.#cloud.clock.after(this.#cloud.settings.proxyRefreshMilliseconds, () => void this.#again());
  }

  async login(user: string): Promise<RegisteredLogin | undefined> {
    return (await this.logins()).find((login) => login.user === user);
  }

  async logins(): Promise<RegisteredLogin[]> {
    if (this.#cloud.settings.proxyRefreshMilliseconds <= 0) await this.#read();
    else await this.#reading;
    return [...this.#known.values()].map(({ login }) => login);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #read(): Promise<void> {
    const { auth } = this.#registration();
    for (const arn of [...this.#known.keys()]) {
      if (!auth.some(({ SecretArn }) => SecretArn === arn)) this.#known.delete(arn);
    }
    for (const entry of auth) await this.#readOne(entry);
  }

  async #readOne(entry: UserAuth): Promise<void> {
    const { region, roleArn, name } = this.#registration();
    const arn = entry.SecretArn!;
    try {
      const { SecretString, VersionId } = await this.#cloud.call<{ SecretString?: string; VersionId: string }>({
        service: 'secretsmanager',
        operation: 'GetSecretValue',
        input: { SecretId: arn },
        principal: rolePrincipal(this.#cloud.accountId, roleArn, `rds-proxy-${name}`.slice(0, 64)),
        region,
      });
      if (this.#known.get(arn)?.versionId !== VersionId) {
        this.#known.set(arn, { versionId: VersionId, login: await parse(SecretString, entry) });
      }
      this.#complaints.delete(arn);
    } catch (error) {
      if (this.#stopped) return;
      if (!(error instanceof AwsError) || LOST.has(error.code)) this.#known.delete(arn);
      this.#complain(arn, `Proxy ${name}: credentials couldn't be retrieved from ${arn}: ${(error as Error).message}`);
    }
  }

  /** Once for each new reason, not once a second. */
  #complain(arn: string, complaint: string): void {
    if (this.#complaints.get(arn) === complaint) return;
    this.#complaints.set(arn, complaint);
    this.#cloud.log(complaint);
  }
}

async function parse(secretString: string | undefined, entry: UserAuth): Promise<RegisteredLogin> {
  let payload: { username?: unknown; password?: unknown } | undefined;
  try {
    payload = JSON.parse(secretString ?? '');
  } catch {
    payload = undefined; // the parser's own message would quote the value
  }
  const { username, password } = payload ?? {};
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new TypeError('its value is no JSON with username and password.');
  }
  return {
    user: username,
    password,
    verifier: await computeScramVerifier(password),
    clientAuthentication: entry.ClientPasswordAuthType === 'POSTGRES_MD5' ? 'POSTGRES_MD5' : 'POSTGRES_SCRAM_SHA_256',
  };
}
