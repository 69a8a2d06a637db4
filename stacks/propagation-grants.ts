import { Fn, Stack } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { ConsumerSettings, MirrorSettings } from '../pipeline/contracts/settings/secret-types.ts';
import { acknowledgeWildcards } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';
import { arnForPolicies } from './secret-arn.ts';
import type { WorkflowStateMachines } from './state-machines.ts';

export interface PropagationGrantsProps {
  readonly workflow: WorkflowStateMachines;
  readonly recycleConsumer: BundledFunction;
  readonly mirrorSecret: BundledFunction;
  readonly compareMirror: BundledFunction;
}

/** Exactly what the workflow needs of each consumer and mirror, by how it is declared. */
export class PropagationGrants {
  readonly #props: PropagationGrantsProps;

  constructor(props: PropagationGrantsProps) {
    this.#props = props;
  }

  grantConsumer({ functionArn, alias, freshness }: ConsumerSettings): void {
    if (freshness === 'notify') this.#props.workflow.mayNotify([alias ? `${functionArn}:${alias}` : functionArn]);
    if (freshness === 'recycle') this.#grantRecycling(functionArn, alias);
  }

  grantMirror(secret: secretsmanager.ISecret, mirror: MirrorSettings): void {
    const { mirrorSecret, compareMirror } = this.#props;
    const both = [mirrorSecret, compareMirror];
    if (mirror.to === 'replica') {
      for (const one of both) one.allow(['secretsmanager:DescribeSecret'], [replicaArn(secret, mirror.region)]);
      return;
    }
    const resourceName = mirror.parameterName.replace(/^\//, '');
    const parameterArn = Stack.of(secret).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
    for (const one of both) {
      one.allow(['secretsmanager:GetSecretValue'], [arnForPolicies(secret)]);
      if (secret.encryptionKey) one.allow(['kms:Decrypt'], [secret.encryptionKey.keyArn]);
      one.allow(['ssm:GetParameter'], [parameterArn]);
    }
    mirrorSecret.allow(['ssm:PutParameter'], [parameterArn]);
    if (mirror.keyId) compareMirror.allow(['kms:Decrypt'], [mirror.keyId]);
    if (mirror.keyId) mirrorSecret.allow(['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'], [mirror.keyId]);
  }

  /** The consumer's configuration is changed, and where an alias has the traffic, its versions. */
  #grantRecycling(functionArn: string, alias?: string): void {
    const { recycleConsumer } = this.#props;
    const versions = `${functionArn}:*`;
    const arns = alias ? [functionArn, versions] : [functionArn];
    recycleConsumer.allow(['lambda:GetFunction', 'lambda:UpdateFunctionConfiguration'], arns);
    if (!alias) return;
    const aliasActions = [
      'lambda:GetAlias',
      'lambda:UpdateAlias',
      'lambda:PublishVersion',
      'lambda:GetProvisionedConcurrencyConfig',
    ];
    recycleConsumer.allow(aliasActions, arns);
    // Versions that we published and that have no use any more; never the function itself.
    recycleConsumer.allow(['lambda:DeleteFunction'], [versions]);
    acknowledgeWildcards(recycleConsumer, 'Versions of one function have numbers that are not known before.', versions);
  }
}

/** A replica's ARN is the secret's, with another region. */
function replicaArn(secret: secretsmanager.ISecret, region: string): string {
  const parts = Fn.split(':', arnForPolicies(secret));
  const part = (index: number) => Fn.select(index, parts);
  return Fn.join(':', [part(0), part(1), part(2), region, part(4), part(5), part(6)]);
}
