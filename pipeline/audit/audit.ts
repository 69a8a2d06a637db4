import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { quote } from '@keyturn/consumer/contracts/quote';
import type { Finding } from '../contracts/audit.ts';
import type { BusParties } from '../contracts/bus-policy.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import { secretNameOf } from '../contracts/settings/settings-parameter.ts';
import { isNamed, KeyturnError } from '../errors.ts';
import { SecretUnusable } from '../rotation/errors.ts';
import { listSettings } from '../settings/list-settings.ts';
import { findBusPolicy } from './find-bus-policy.ts';
import { findDrift } from './find-drift.ts';
import { gatherBlockers, type Observer, observeSecret } from './observe-secret.ts';
import { listRunningExecutions } from './running-executions.ts';

export interface AuditDependencies extends Omit<Observer, 'running'> {
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly states: Pick<SFNClient, 'send'>;
  readonly machines: { rotateSecretArn: string; retireCredentialArn: string };
  readonly events: Pick<EventBridgeClient, 'send'>;
  readonly bus: BusParties;
  now(): Date;
  /** By then the findings have to be published. */
  readonly deadline: Date;
}

export interface Audit {
  /** How many secrets were looked at. */
  readonly secrets: number;
  readonly findings: Finding[];
}

/** Each secret's target is asked too: so many at once, that databases do not notice. */
const AT_ONCE = 8;

/**
 * Looks at everything that the pipeline manages, or at one secret. Reads only, and changes nothing. A secret that cannot be
 * looked at is a finding, and does not keep the others from being looked at.
 */
export async function audit(dependencies: AuditDependencies, secretId?: string): Promise<Audit> {
  const name = secretId?.startsWith('arn:') ? secretNameOf(secretId) : secretId;
  const managed = (await allSettings(dependencies)).filter((one) => name === undefined || one.name === name);
  const running = await listRunningExecutions(dependencies.states, dependencies.machines);
  const observer = { ...dependencies, running };
  // The bus is the pipeline's, and no secret's.
  const findings: Finding[] = secretId === undefined ? await findBusPolicy(dependencies.events, dependencies.bus) : [];
  for (let from = 0; from < managed.length; from += AT_ONCE) {
    if (dependencies.now() >= dependencies.deadline) {
      findings.push(outOfTime(managed.slice(from)));
      break;
    }
    const batch = managed.slice(from, from + AT_ONCE);
    const found = await Promise.all(batch.map((settings) => auditOne(observer, settings, dependencies.now())));
    findings.push(...found.flat());
  }
  return { secrets: managed.length, findings };
}

async function allSettings({ ssm, settingsPrefix }: AuditDependencies): Promise<SecretSettings[]> {
  const found: SecretSettings[] = [];
  let nextToken: string | undefined;
  do {
    const page = await listSettings(ssm, settingsPrefix, nextToken);
    found.push(...page.settings);
    nextToken = page.nextToken;
  } while (nextToken);
  return found;
}

async function auditOne(observer: Observer, settings: SecretSettings, now: Date): Promise<Finding[]> {
  try {
    const observed = await observeSecret(observer, settings);
    const findings = findDrift(observed, now);
    if (!findings.some(({ code }) => code === 'RetirementOverdue')) return findings;
    return findDrift({ ...observed, blockers: await gatherBlockers(observer, observed) }, now);
  } catch (error) {
    return [unobserved(settings, error)];
  }
}

/** Databases that do not answer take their time: the answer has what was found so far, and says that there is more. */
function outOfTime(remaining: SecretSettings[]): Finding {
  const [{ name }] = remaining as [SecretSettings];
  return {
    code: 'AuditIncomplete',
    secretArn: '',
    secretName: name,
    message: `${name}: the audit's time ran out before this secret and ${remaining.length - 1} more were looked at.`,
    command: `keyturn doctor ${name}`,
    isSafe: false,
  };
}

function unobserved({ name }: SecretSettings, error: unknown): Finding {
  const fault = error instanceof Error ? error : new Error('something that is not an Error was thrown');
  const isMissing = isNamed(error, 'ResourceNotFoundException');
  const isGone = isMissing || error instanceof SecretUnusable;
  const code = fault instanceof KeyturnError ? (fault as { code?: string }).code : fault.name;
  return {
    code: isGone ? 'SecretMissing' : 'AuditIncomplete',
    secretArn: '',
    secretName: name,
    message: isGone
      ? `${name}: ${quote(fault.message, [])}`
      : `${name}: it could not be looked at: ${quote(`${code} ${fault.message}`, [])}`,
    command: wayToSecret(name, isGone, isMissing),
    isSafe: false,
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html */
function wayToSecret(name: string, isGone: boolean, isMissing: boolean): string {
  if (!isGone) return `Correct what the message names, then: keyturn doctor ${name}`;
  const orRemove = `or remove ${name} from the manifest and deploy`;
  if (isMissing) return `Create the secret again, ${orRemove}`;
  return `aws secretsmanager restore-secret --secret-id ${name}, ${orRemove}`;
}
