import type { RecordedCall } from '../recording/recorder.ts';
import type { RunningCloud } from '../running-cloud.ts';
import type { SecretsManagerService } from '../services/secretsmanager/service.ts';
import { versionWith } from '../services/secretsmanager/state.ts';

export interface SecretRead {
  readonly secretArn: string;
  /** The version that AWSCURRENT rested on when the secret was read. */
  readonly versionId: string;
  readonly at: string;
}

const MOST_READERS = 2_000;

/**
 * Which version of a secret each execution environment read last: what CloudTrail would show, kept by the session name of
 * the environment's credentials. A read of another label than AWSCURRENT cannot be distinguished, nor can it on AWS.
 */
export class SecretReads {
  readonly #cloud: RunningCloud;
  readonly #bySession = new Map<string, Map<string, SecretRead>>();

  constructor(cloud: RunningCloud) {
    this.#cloud = cloud;
    cloud.recorder.subscribe((call) => this.#note(call));
  }

  of(sessionName: string): SecretRead[] {
    return [...(this.#bySession.get(sessionName)?.values() ?? [])];
  }

  #note(call: RecordedCall): void {
    const { service, operation, outcome, sessionName, resources, time } = call;
    if (service !== 'secretsmanager' || operation !== 'GetSecretValue' || outcome !== 'ok' || !sessionName) return;
    const secretArn = resources[0];
    const secrets = this.#cloud.services.get('secretsmanager') as SecretsManagerService | undefined;
    const secret = secretArn === undefined ? undefined : secrets?.state.find(call.region, secretArn);
    const versionId = secret && versionWith(secret, 'AWSCURRENT')?.versionId;
    if (!secret || versionId === undefined) return;
    const own = this.#bySession.get(sessionName) ?? new Map<string, SecretRead>();
    own.set(secret.arn, { secretArn: secret.arn, versionId, at: time });
    this.#bySession.delete(sessionName);
    this.#bySession.set(sessionName, own);
    if (this.#bySession.size > MOST_READERS) this.#bySession.delete(this.#bySession.keys().next().value as string);
  }
}
