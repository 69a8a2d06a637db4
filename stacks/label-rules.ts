import { Lazy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';

/** An event pattern holds 4,096 characters; an ARN takes about a hundred and is listed once. */
const SECRETS_A_RULE = 20;

export interface LabelRulesProps {
  readonly target: () => events.IRuleTarget;
}

/**
 * Secrets Manager's own event when AWSCURRENT moves, for the pipeline's secrets only: values put by hand or by another
 * tool start the workflow. It needs no CloudTrail.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
 */
export class LabelRules extends Construct {
  readonly #target: () => events.IRuleTarget;
  #open: string[] | undefined;
  #rules = 0;

  constructor(scope: Construct, id: string, props: LabelRulesProps) {
    super(scope, id);
    this.#target = props.target;
  }

  watch(secretArn: string): void {
    if (!this.#open || this.#open.length >= SECRETS_A_RULE) this.#open = this.#addRule();
    this.#open.push(secretArn);
  }

  #addRule(): string[] {
    const arns: string[] = [];
    this.#rules += 1;
    new events.Rule(this, `Rule${this.#rules}`, {
      description: 'Keyturn: AWSCURRENT of a managed secret moved',
      eventPattern: {
        source: ['aws.secretsmanager'],
        detailType: ['Secret Label Updated'],
        resources: Lazy.list({ produce: () => arns }),
        detail: { labelUpdated: ['AWSCURRENT'] },
      },
      targets: [this.#target()],
    });
    return arns;
  }
}
