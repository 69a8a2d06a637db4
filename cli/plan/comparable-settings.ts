import { contractOf } from '../../pipeline/contracts/kinds/kind-contracts.ts';
import { scheduleSettings } from '../../pipeline/contracts/manifest/entries/manifest-schedule.ts';
import {
  type ManifestCheck,
  type ManifestConsumer,
  type ManifestMirror,
  type ManifestParameter,
  type ManifestSecret,
  referencedName,
} from '../../pipeline/contracts/manifest/manifest.ts';
import { checkedConsumer, databaseCheckDefaults } from '../../pipeline/contracts/manifest/manifest-checks.ts';
import type { ParameterSettings } from '../../pipeline/contracts/settings/parameter.ts';
import type { ConsumerSettings, SecretSettings } from '../../pipeline/contracts/settings/secret.ts';

/**
 * A secret's settings as a manifest says them and as they are deployed, in one shape: names instead of ARNs, lists by
 * name, without what is derived from the rest.
 */
export interface ComparableSettings {
  readonly name: string;
  readonly [member: string]: unknown;
}

/** Pure. */
export function comparableManifest(secret: ManifestSecret): ComparableSettings {
  const followers = {
    consumers: byName(secret.consumers.map(comparableConsumer)),
    checks: byName(secret.checks.map((check) => comparableCheck(secret, check))),
    mirrors: secret.mirrors.map(comparableMirror),
  };
  const name = referencedName(secret.secret);
  if (secret.kind === 'watched') return clean({ name, kind: secret.kind, ...followers });
  return clean({
    name,
    kind: secret.kind,
    schedule: secret.schedule === 'native' ? undefined : scheduleSettings(secret.schedule),
    group: secret.group,
    gracePeriodSeconds: secret.gracePeriodSeconds,
    promotionTimeoutSeconds: secret.promotionTimeoutSeconds,
    evidenceIntervalSeconds: secret.evidenceIntervalSeconds,
    rollBackHandPutValues: secret.rollBackHandPutValues,
    rotator: withoutDerived(contractOf(secret).rotator(secret)),
    ...followers,
  });
}

/** Pure. */
export function comparableDeployed(settings: SecretSettings): ComparableSettings {
  const followers = {
    consumers: byName(settings.consumers.map(comparableConsumerSettings)),
    checks: byName(settings.checks.map(({ name, type, parameters }) => ({ name, type, parameters }))),
    mirrors: settings.mirrors.map(({ to, ...rest }) => ({ to, ...rest })),
  };
  const { name, kind } = settings;
  if (!settings.rotated) return clean({ name, kind, ...followers });
  return clean({
    name,
    kind,
    schedule: settings.schedule,
    group: settings.group,
    gracePeriodSeconds: settings.gracePeriodSeconds,
    promotionTimeoutSeconds: settings.promotionTimeoutSeconds,
    evidenceIntervalSeconds: settings.evidenceIntervalSeconds,
    rollBackHandPutValues: settings.rollBackHandPutValues,
    rotator: withoutDerived(settings.rotator),
    ...followers,
  });
}

/** Pure. */
export function comparableManifestParameter(name: string, { consumers }: ManifestParameter): ComparableSettings {
  return clean({ name, consumers: byName(consumers.map(comparableConsumer)) });
}

/** Pure. */
export function comparableDeployedParameter({ name, consumers }: ParameterSettings): ComparableSettings {
  return clean({ name, consumers: byName(consumers.map(comparableConsumerSettings)) });
}

function comparableConsumerSettings({ functionArn, ...rest }: ConsumerSettings) {
  return { ...rest, function: functionArn };
}

/** Follow from the consumers and the promotion time, which are compared themselves. */
const derived = new Set(['convergenceBoundSeconds', 'promotionTimeoutSeconds']);

function withoutDerived(rotator: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rotator).filter(([key]) => !derived.has(key)));
}

function comparableConsumer({ name, function: reference, ...rest }: ManifestConsumer) {
  return { name: name ?? nameOf(reference), function: reference, ...rest };
}

/** What the stack fills in from elsewhere in the manifest is part of what is compared. */
function comparableCheck(secret: ManifestSecret, check: ManifestCheck) {
  const name = check.name ?? (check.function ? nameOf(check.function) : check.type);
  return { name, type: check.type, parameters: { ...checkDefaults(secret, check), ...check.parameters } };
}

function checkDefaults(secret: ManifestSecret, check: ManifestCheck): Record<string, unknown> {
  if (check.type === 'database') return databaseCheckDefaults(secret) ?? {};
  const consumer = checkedConsumer(secret, check);
  return consumer ? { functionArn: consumer.function, alias: consumer.alias } : {};
}

function comparableMirror(mirror: ManifestMirror) {
  if ('replica' in mirror) return { to: 'replica', region: mirror.replica };
  const { parameter, ...rest } = mirror;
  return { to: 'parameter', parameterName: parameter, ...rest };
}

function byName<Entry extends { name: string }>(entries: Entry[]): Record<string, Omit<Entry, 'name'>> {
  return Object.fromEntries(entries.map(({ name, ...rest }) => [name, rest]));
}

/** Without what is not there, and with names in the place of ARNs of secrets and functions. */
function clean(value: Record<string, unknown>): ComparableSettings {
  return JSON.parse(JSON.stringify(value), (_key, each) => (typeof each === 'string' ? nameOf(each) : each));
}

/** Complete ARNs of secrets end with six characters of the service's own; partial ones and names do not. */
function nameOf(text: string): string {
  const [, secret] = text.match(/^arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:(.+)$/) ?? [];
  if (secret) return secret.replace(/-[A-Za-z0-9]{6}$/, '');
  return text.match(/^arn:[^:]+:lambda:[^:]*:[^:]*:function:([^:]+)$/)?.[1] ?? text;
}
