import type { Construct } from 'constructs';
import type {
  ManifestCheck,
  ManifestConsumer,
  ManifestMirror,
  ManifestSecret,
} from '../../pipeline/contracts/manifest/manifest.ts';
import { checkedConsumer, databaseCheckDefaults } from '../../pipeline/contracts/manifest/manifest-checks.ts';
import type { ConsumerSettings, MirrorSettings } from '../../pipeline/contracts/settings/secret-types.ts';
import type { CheckProps } from '../check-props.ts';
import { resolveFunctionArn } from './resolve-references.ts';

export function consumerSettings(scope: Construct, consumers: readonly ManifestConsumer[]): ConsumerSettings[] {
  return consumers.map(({ name, function: reference, alias, ...rest }) => ({
    name: name ?? functionName(reference),
    functionArn: resolveFunctionArn(scope, reference),
    ...(alias && { alias }),
    ...rest,
  }));
}

/** Checks of one's own name their function; the others run in the pipeline's. */
export function checkProps(scope: Construct, secret: ManifestSecret): CheckProps[] {
  return secret.checks.map((check) => ({
    name: check.name ?? (check.function ? functionName(check.function) : check.type),
    type: check.type,
    ...(check.type === 'function' && check.function && { functionArn: resolveFunctionArn(scope, check.function) }),
    parameters: { ...checkDefaults(scope, secret, check), ...check.parameters },
  }));
}

/** What the manifest says elsewhere already: the proxy and the identifier of a database, the consumer of a canary. */
function checkDefaults(scope: Construct, secret: ManifestSecret, check: ManifestCheck): Record<string, unknown> {
  if (check.type === 'database') return databaseCheckDefaults(secret) ?? {};
  const consumer = checkedConsumer(secret, check);
  if (!consumer) return {};
  const functionArn = resolveFunctionArn(scope, consumer.function);
  return { functionArn, ...(consumer.alias && { alias: consumer.alias }) };
}

export function mirrorSettings(mirrors: readonly ManifestMirror[]): MirrorSettings[] {
  return mirrors.map((mirror) => {
    if ('replica' in mirror) return { to: 'replica', region: mirror.replica };
    const { parameter, ...rest } = mirror;
    return { to: 'parameter', parameterName: parameter, ...rest };
  });
}

function functionName(arnOrName: string): string {
  return arnOrName.startsWith('arn:') ? (arnOrName.split(':')[6] ?? arnOrName) : arnOrName;
}
