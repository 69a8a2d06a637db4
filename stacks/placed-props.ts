import { Stack, Token } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { SecretArn } from '../pipeline/contracts/grammar/aws-names.ts';
import { type NamedArn, placeProblem } from '../pipeline/contracts/grammar/place-of-arns.ts';
import type { ConsumerSettings, MirrorSettings } from '../pipeline/contracts/settings/secret-types.ts';
import type { CheckProps } from './check-props.ts';
import { PropInvalid, refuseBadLiterals } from './literal-props.ts';

/** What is named by ARN for one secret or parameter. */
export interface PlacedProps {
  /** Rotated, or written. */
  readonly own?: readonly secretsmanager.ISecret[];
  /** Read, never written. */
  readonly reads?: readonly secretsmanager.ISecret[];
  readonly consumers?: readonly ConsumerSettings[];
  readonly checks?: readonly CheckProps[];
  readonly mirrors?: readonly MirrorSettings[];
}

/**
 * Refuses ARNs that lie elsewhere than the stack and in no account that `crossAccount` names, as the reader of manifests does.
 * An ARN that is known at deployment only says no place, and a stack without an env has none.
 *
 * @throws PropInvalid
 */
export function refuseArnsOfElsewhere(scope: Construct, of: string, props: PlacedProps, crossAccount: string[]): void {
  const { account, region } = Stack.of(scope);
  const place = {
    ...(!Token.isUnresolved(account) && { account }),
    ...(!Token.isUnresolved(region) && { region }),
  };
  for (const secret of [...(props.own ?? []), ...(props.reads ?? [])]) {
    refuseBadLiterals(`${of}: the ARN of a secret`, SecretArn, secret.secretArn);
  }
  for (const { at, ...named } of namedArns(props)) {
    if (Token.isUnresolved(named.arn)) continue;
    const problem = placeProblem(named, place, crossAccount);
    if (problem) throw new PropInvalid(`${of}: ${at}: ${problem}.`);
  }
}

type PlacedArn = NamedArn & { readonly at: string };

function namedArns({ own = [], reads = [], consumers = [], checks = [], mirrors = [] }: PlacedProps): PlacedArn[] {
  const keys = [...own, ...reads].flatMap(({ encryptionKey }) => (encryptionKey ? [encryptionKey.keyArn] : []));
  return [
    ...own.map(({ secretArn }) => named('secret', secretArn, 'of-the-stack')),
    ...reads.map(({ secretArn }) => named('reads', secretArn, 'cross-account')),
    ...keys.map((keyArn) => named('encryptionKey', keyArn, 'cross-account')),
    ...consumers.map(ofConsumer),
    ...checks.flatMap(({ name, functionArn, parameters = {} }) =>
      [functionArn, parameters.functionArn]
        .filter((arn) => typeof arn === 'string')
        .map((arn) => named(`check ${name}`, arn, 'cross-account')),
    ),
    ...mirrors.flatMap((mirror) =>
      mirror.to === 'parameter' && mirror.keyId
        ? [named(`mirror ${mirror.parameterName}`, mirror.keyId, 'cross-account')]
        : [],
    ),
  ];
}

/** The pipeline never calls a consumer that only expires. */
function ofConsumer({ name, functionArn, freshness }: ConsumerSettings): PlacedArn {
  const account = freshness === 'recycle' ? 'of-the-stack' : 'cross-account';
  const region = freshness === 'expire' ? 'everywhere' : 'of-the-stack';
  return { ...named(`consumer ${name}`, functionArn, account), region };
}

function named(at: string, arn: string, account: NamedArn['account']): PlacedArn {
  return { at, arn, account, region: 'of-the-stack' };
}
