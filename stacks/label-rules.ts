import { Lazy } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { WORKFLOW_TOKEN_PREFIX } from '../pipeline/contracts/labels.ts';
import { anythingButPrefix, ownRule } from './own-rule.ts';

/** An event pattern holds 2,048 characters and a secret's name at most 512; most are far shorter. */
const PATTERN_CHARACTERS = 1_600;

export interface LabelRulesProps {
  readonly target: () => events.IRuleTarget;
}

/**
 * Secrets Manager's own event when AWSCURRENT moves, for the pipeline's secrets only: values put by hand or by another
 * tool start the workflow. It needs no CloudTrail. What a rotation of the workflow puts is its own: such a version starts nothing.
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

  watch(secretName: string): void {
    const characters = JSON.stringify([...(this.#open ?? []), secretName]).length;
    if (!this.#open || characters > PATTERN_CHARACTERS) this.#open = this.#addRule();
    this.#open.push(secretName);
  }

  #addRule(): string[] {
    const names: string[] = [];
    this.#rules += 1;
    ownRule(this, `Rule${this.#rules}`, {
      description: 'Keyturn: AWSCURRENT of a managed secret moved',
      eventPattern: {
        source: ['aws.secretsmanager'],
        detailType: ['Secret Label Updated'],
        detail: {
          name: Lazy.list({ produce: () => names }),
          labelUpdated: ['AWSCURRENT'],
          versionId: anythingButPrefix(WORKFLOW_TOKEN_PREFIX),
        },
      },
      targets: [this.#target()],
    });
    return names;
  }
}
