import { parseArn } from '../grammar/arn.ts';
import { type NamedArn, placeProblem, type StackPlace } from '../grammar/place-of-arns.ts';
import type { ManifestConsumer, ManifestSecret } from './manifest.ts';
import type { Manifest } from './manifest-types.ts';

interface PlacedArn extends NamedArn {
  readonly at: string;
}

/**
 * Where the stack goes: as the manifest says, else where the ARNs are that it names. Undefined where it names none. Pure.
 */
export function placeOf(manifest: Manifest): StackPlace {
  const named = namedArns(manifest).map((each) => ({ ...each, parts: parseArn(each.arn) }));
  const own = named.filter(({ parts }) => parts?.account && !manifest.crossAccount.includes(parts.account));
  const [first = own[0]] = own.filter(({ account }) => account === 'of-the-stack');
  const here = named.filter(({ region }) => region === 'of-the-stack');
  const account = manifest.account ?? first?.parts?.account;
  const region = manifest.region ?? here[0]?.parts?.region;
  return { ...(account && { account }), ...(region && { region }) };
}

/** ARNs that lie elsewhere than the stack, and accounts that were named for nothing. Pure. */
export function placeProblems(manifest: Manifest): string[] {
  const { crossAccount } = manifest;
  const place = placeOf(manifest);
  const named = namedArns(manifest);
  const problems = named.flatMap((each) => {
    const problem = placeProblem(each, place, crossAccount);
    return problem ? [`${each.at}: ${problem}.`] : [];
  });
  const used = new Set(named.map(({ arn }) => parseArn(arn)?.account));
  for (const [index, other] of crossAccount.entries()) {
    if (other === place.account || !used.has(other) || crossAccount.indexOf(other) !== index) {
      problems.push(`crossAccount[${index}]: no ARN of the manifest needs it. Remove it.`);
    }
  }
  return problems;
}

function namedArns(manifest: Manifest): PlacedArn[] {
  return [
    ...Object.entries(manifest.secrets).flatMap(([name, secret]) =>
      ofSecret(secret).map((named) => ({ ...named, at: `secrets["${name}"]: ${named.at}` })),
    ),
    ...Object.entries(manifest.parameters).flatMap(([name, { consumers }]) =>
      ofConsumers(consumers).map((named) => ({ ...named, at: `parameters["${name}"]: ${named.at}` })),
    ),
  ].filter(({ arn }) => arn.startsWith('arn:'));
}

/** Rotated and mirrored where the stack is; what is only read or called may be another account's. */
function ofSecret(secret: ManifestSecret): PlacedArn[] {
  const reference = 'new' in secret.secret ? secret.secret.new : secret.secret;
  return [
    ...('arn' in reference ? [named('secret.arn', reference.arn, 'of-the-stack')] : []),
    ...(reference.kmsKeyArn ? [named('secret.kmsKeyArn', reference.kmsKeyArn, 'cross-account')] : []),
    ...ofConsumers(secret.consumers),
    ...ofChecks(secret),
    ...secret.mirrors.flatMap((mirror, index) =>
      'parameter' in mirror && mirror.keyId ? [named(`mirrors[${index}].keyId`, mirror.keyId, 'cross-account')] : [],
    ),
    ...ofKind(secret),
  ];
}

function ofConsumers(consumers: readonly ManifestConsumer[]): PlacedArn[] {
  return consumers.map(({ function: reference, freshness }, index) => ({
    ...named(`consumers[${index}].function`, reference, freshness === 'recycle' ? 'of-the-stack' : 'cross-account'),
    // The pipeline never calls a consumer that only expires.
    region: freshness === 'expire' ? 'everywhere' : 'of-the-stack',
  }));
}

function ofChecks({ checks }: ManifestSecret): PlacedArn[] {
  return checks.flatMap((check, index) => {
    const { modelId } = check.parameters;
    return [
      ...(check.function ? [named(`checks[${index}].function`, check.function, 'cross-account')] : []),
      // A model's ARN says itself in which region it is called.
      ...(check.type === 'bedrock' && typeof modelId === 'string'
        ? [{ ...named(`checks[${index}].parameters.modelId`, modelId, 'of-the-stack'), region: 'everywhere' as const }]
        : []),
    ];
  });
}

function ofKind(secret: ManifestSecret): PlacedArn[] {
  if (secret.kind === 'postgres') {
    const { superuserSecret, superuserSecretKmsKeyArn, proxy } = secret;
    return [
      ...(superuserSecretKmsKeyArn
        ? [named('superuserSecretKmsKeyArn', superuserSecretKmsKeyArn, 'cross-account')]
        : []),
      ...(proxy?.loginSecretsKmsKeyArn
        ? [named('proxy.loginSecretsKmsKeyArn', proxy.loginSecretsKmsKeyArn, 'cross-account')]
        : []),
      ...(superuserSecret ? [named('superuserSecret', superuserSecret, 'cross-account')] : []),
      ...Object.entries(proxy?.loginSecrets ?? {}).map(([login, reference]) =>
        named(`proxy.loginSecrets.${login}`, reference, 'of-the-stack'),
      ),
    ];
  }
  if (secret.kind !== 'api-key') return [];
  const { admin, modelId } = secret.parameters as { admin?: { secretArn?: unknown }; modelId?: unknown };
  return [
    ...(typeof admin?.secretArn === 'string'
      ? [named('parameters.admin.secretArn', admin.secretArn, 'cross-account')]
      : []),
    ...(typeof modelId === 'string'
      ? [{ ...named('parameters.modelId', modelId, 'of-the-stack'), region: 'everywhere' as const }]
      : []),
  ];
}

function named(at: string, arn: string, account: NamedArn['account']): PlacedArn {
  return { at, arn, account, region: 'of-the-stack' };
}
