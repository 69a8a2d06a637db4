import type { Construct } from 'constructs';
import type {
  ManifestCheck,
  ManifestConsumer,
  ManifestMirror,
  ManifestSecret,
} from '../../pipeline/contracts/manifest.ts';
import { checkedConsumer } from '../../pipeline/contracts/manifest-checks.ts';
import { ManifestUnsafe } from '../../pipeline/contracts/manifest-safety.ts';
import type { CheckSettings, ConsumerSettings, MirrorSettings } from '../../pipeline/contracts/settings/secret.ts';
import { resolveFunctionArn } from './resolve-references.ts';

export function consumerSettings(scope: Construct, consumers: readonly ManifestConsumer[]): ConsumerSettings[] {
  return consumers.map(({ name, function: reference, alias, ...rest }) => ({
    name: name ?? functionName(reference),
    functionArn: resolveFunctionArn(scope, reference),
    ...(alias && { alias }),
    ...rest,
  }));
}

export function checkSettings(scope: Construct, name: string, secret: ManifestSecret): CheckSettings[] {
  return secret.checks.map((check) => ({
    name: check.name ?? (check.function ? functionName(check.function) : check.type),
    type: check.type,
    functionArn: checkFunctionArn(scope, name, check),
    parameters: { ...checkDefaults(scope, secret, check), ...check.parameters },
  }));
}

/** What the manifest says elsewhere already: the proxy of a database, the consumer of a canary. */
function checkDefaults(scope: Construct, secret: ManifestSecret, check: ManifestCheck): Record<string, unknown> {
  if (check.type === 'database' && secret.kind === 'postgres' && secret.proxy) {
    const { name, endpoint, ownership } = secret.proxy;
    return { proxy: { name, endpoint, ownership } };
  }
  const consumer = checkedConsumer(secret, check);
  if (!consumer) return {};
  const functionArn = resolveFunctionArn(scope, consumer.function);
  return { functionArn, ...(consumer.alias && { alias: consumer.alias }) };
}

function checkFunctionArn(scope: Construct, name: string, check: ManifestCheck): string {
  if (check.type === 'function' && check.function) return resolveFunctionArn(scope, check.function);
  throw new ManifestUnsafe([
    `secrets["${name}"]: checks of type "${check.type}" have no function in this pipeline. ` +
      'Write "type": "function" and the "function" that runs the check.',
  ]);
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
