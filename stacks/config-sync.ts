import { Lazy, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import { ownRule } from './own-rule.ts';
import type { WorkflowStateMachines } from './state-machines.ts';

export interface ConfigSyncProps {
  readonly settingsPrefix: string;
  readonly workflow: WorkflowStateMachines;
  readonly deadLetters: sqs.IQueue;
}

/**
 * Parameter Store's own event when a parameter changes, for the watched ones only: starts propagate-secret for their
 * consumers. Made when the first parameter is watched.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
 */
export class ConfigSync extends Construct {
  readonly #props: ConfigSyncProps;
  readonly #names: string[] = [];
  #functions: { readonly sync: BundledFunction; readonly look: BundledFunction } | undefined;

  constructor(scope: Construct, id: string, props: ConfigSyncProps) {
    super(scope, id);
    this.#props = props;
  }

  /** A name, or a path with a slash at its end. */
  watch(parameterName: string): void {
    this.#functions ??= this.#make();
    const { sync, look } = this.#functions;
    this.#names.push(parameterName);
    const resourceName = parameterName.replace(/^\//, '');
    const isPath = parameterName.endsWith('/');
    const arn = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: isPath ? `${resourceName}*` : resourceName,
    });
    // The number and the date of a version; the value is not decrypted.
    for (const reader of [sync, look]) reader.allow(['ssm:GetParameter'], [arn]);
    if (!isPath) return;
    for (const reader of [sync, look]) acknowledgeWildcards(reader, 'Everything under a path is watched.', arn);
  }

  #make(): { sync: BundledFunction; look: BundledFunction } {
    const { workflow, deadLetters } = this.#props;
    const look = new BundledFunction(this, 'LookAtParameter', {
      handler: 'look-at-parameter',
      description: 'Keyturn: which version a watched parameter has, for executions that wait for its consumers',
    });
    workflow.mayAskForParameters(look.function.functionArn);
    const sync = this.#makeSync(look);
    sync.keepFailedEvents(deadLetters);
    ownRule(this, 'ParameterChanged', {
      description: 'Keyturn: a watched parameter changed',
      eventPattern: {
        source: ['aws.ssm'],
        detailType: ['Parameter Store Change'],
        detail: { name: Lazy.any({ produce: () => this.#names.map(nameMatcher) }) },
      },
      targets: [new targets.LambdaFunction(sync.function, { deadLetterQueue: deadLetters, retryAttempts: 20 })],
    });
    return { sync, look };
  }

  #makeSync(look: BundledFunction): BundledFunction {
    const { settingsPrefix, workflow } = this.#props;
    const propagateSecretArn = workflow.propagateSecret.stateMachineArn;
    const sync = new BundledFunction(this, 'SyncParameter', {
      handler: 'sync-parameter',
      description: 'Keyturn: brings a change of a watched parameter to its consumers',
      environment: {
        KEYTURN_SETTINGS_PREFIX: settingsPrefix,
        KEYTURN_PROPAGATE_SECRET_STATE_MACHINE_ARN: propagateSecretArn,
        KEYTURN_LOOK_AT_PARAMETER_FUNCTION_ARN: look.function.functionArn,
      },
    });
    const resourceName = `${settingsPrefix.slice(1)}/.parameter/*`;
    const settings = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName });
    sync.allow(['ssm:GetParameters'], [settings]);
    acknowledgeWildcards(
      sync,
      'It looks for the settings of a parameter under its name and those of the paths that it is under.',
      settings,
    );
    sync.allow(['states:StartExecution'], [propagateSecretArn]);
    return sync;
  }
}

function nameMatcher(name: string): string | { prefix: string } {
  return name.endsWith('/') ? { prefix: name } : name;
}
