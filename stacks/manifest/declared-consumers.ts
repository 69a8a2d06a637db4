import type { Construct } from 'constructs';
import type { ManifestCheck, ManifestConsumer, ManifestMirror } from '../../pipeline/contracts/manifest.ts';
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

export function checkSettings(scope: Construct, secretName: string, checks: readonly ManifestCheck[]): CheckSettings[] {
  return checks.map((check) => ({
    name: check.name ?? (check.function ? functionName(check.function) : check.type),
    type: check.type,
    functionArn: checkFunctionArn(scope, secretName, check),
    parameters: check.parameters,
  }));
}

function checkFunctionArn(scope: Construct, secretName: string, check: ManifestCheck): string {
  if (check.function) return resolveFunctionArn(scope, check.function);
  throw new ManifestUnsafe([
    `${secretName}: checks of type "${check.type}" have no function in this pipeline. ` +
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
