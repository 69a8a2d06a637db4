import { fileURLToPath } from 'node:url';
import { CONSUMER_CLIENT_CONTEXT } from '@keyturn/consumer/contracts/consumer-events';
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { reportingMachines } from '../pipeline/contracts/own-report.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';

export interface WorkflowStateMachinesProps {
  readonly pipelineName: string;
  readonly prepare: BundledFunction;
  readonly selectSecrets: BundledFunction;
  readonly report: BundledFunction;
  readonly recycleConsumer: BundledFunction;
  readonly mirrorSecret: BundledFunction;
}

const DEFINITIONS = fileURLToPath(new URL('../statemachines/', import.meta.url));

/** The state machines, from the same `.asl.json` that the laptop runs. Each has a role with what its Tasks call. */
export class WorkflowStateMachines extends Construct {
  readonly rotateSecret: stepfunctions.StateMachine;
  readonly propagateSecret: stepfunctions.StateMachine;
  readonly awaitConvergence: stepfunctions.StateMachine;
  readonly retireCredential: stepfunctions.StateMachine;
  readonly rotateFleet: stepfunctions.StateMachine;
  /** By name, so that functions which the machine itself invokes can have the name without a cycle. */
  readonly rotateSecretArn: string;
  readonly #pipelineName: string;

  constructor(scope: Construct, id: string, props: WorkflowStateMachinesProps) {
    super(scope, id);
    this.#pipelineName = props.pipelineName;
    this.rotateSecretArn = this.#arnOf('rotate-secret');
    this.awaitConvergence = this.#awaitConvergence(props);
    this.propagateSecret = this.#propagateSecret(props);
    this.retireCredential = this.#retireCredential(props);
    this.rotateSecret = this.#rotateSecret(props);
    this.rotateFleet = this.#fleet(props);
  }

  /** Every machine of the pipeline. */
  get all(): stepfunctions.StateMachine[] {
    return [this.rotateSecret, this.propagateSecret, this.awaitConvergence, this.retireCredential, this.rotateFleet];
  }

  /** Every execution of the machines that report their own failures, by the machines' names. */
  get reportingExecutions(): string[] {
    return reportingMachines.map((name) => this.#executionsOf(name));
  }

  mayInvoke(target: lambda.IFunction): void {
    for (const machine of [this.rotateSecret, this.retireCredential]) {
      this.#allow(machine, ['lambda:InvokeFunction'], [target.functionArn]);
    }
  }

  /** A consumer that gets a notice of a new value. */
  mayNotify(functionArns: string[]): void {
    this.#allow(this.propagateSecret, ['lambda:InvokeFunction'], functionArns);
  }

  /** A check, ours or one that people bring: after a promotion, and again before a retirement where it had no verdict. */
  mayCheck(functionArn: string): void {
    for (const machine of [this.rotateSecret, this.retireCredential]) {
      this.#allow(machine, ['lambda:InvokeFunction'], [functionArn]);
    }
  }

  /** A secret whose labels say whether its consumers still converge to the same version. */
  mayWatch(secretArn: string): void {
    this.#allow(this.awaitConvergence, ['secretsmanager:DescribeSecret'], [secretArn]);
  }

  /** The function that knows the versions of watched parameters. */
  mayAskForParameters(functionArn: string): void {
    this.#allow(this.awaitConvergence, ['lambda:InvokeFunction'], [functionArn]);
  }

  /** What the workflow itself asks of Secrets Manager, on one secret alone. */
  mayRotate(secretArn: string): void {
    this.#allow(this.rotateSecret, ['secretsmanager:RotateSecret', 'secretsmanager:DescribeSecret'], [secretArn]);
  }

  #awaitConvergence(props: WorkflowStateMachinesProps): stepfunctions.StateMachine {
    const machine = this.#machine('await-convergence', {
      ReportFunctionArn: props.report.function.functionArn,
      RecycleConsumerFunctionArn: props.recycleConsumer.function.functionArn,
      MirrorSecretFunctionArn: props.mirrorSecret.function.functionArn,
    });
    this.#mayCall(machine, props.report, props.recycleConsumer, props.mirrorSecret);
    return machine;
  }

  #propagateSecret(props: WorkflowStateMachinesProps): stepfunctions.StateMachine {
    const machine = this.#machine('propagate-secret', {
      ReportFunctionArn: props.report.function.functionArn,
      RecycleConsumerFunctionArn: props.recycleConsumer.function.functionArn,
      MirrorSecretFunctionArn: props.mirrorSecret.function.functionArn,
      AwaitConvergenceStateMachineArn: this.awaitConvergence.stateMachineArn,
      ConsumerClientContext: Buffer.from(JSON.stringify(CONSUMER_CLIENT_CONTEXT)).toString('base64'),
    });
    this.#mayCall(machine, props.report, props.recycleConsumer, props.mirrorSecret);
    this.#allow(machine, ['states:StartExecution'], [this.awaitConvergence.stateMachineArn]);
    return machine;
  }

  /** It starts a roll-back where a check fails that had no verdict before: by name, since `rotate-secret` starts it. */
  #retireCredential(props: WorkflowStateMachinesProps): stepfunctions.StateMachine {
    const machine = this.#machine('retire-credential', {
      ReportFunctionArn: props.report.function.functionArn,
      PropagateSecretStateMachineArn: this.propagateSecret.stateMachineArn,
      RotateSecretStateMachineArn: this.rotateSecretArn,
    });
    this.#allow(machine, ['states:StartExecution'], [this.propagateSecret.stateMachineArn, this.rotateSecretArn]);
    this.#mayWaitForExecutions(machine, 'propagate-secret');
    this.#mayCall(machine, props.report);
    return machine;
  }

  #rotateSecret(props: WorkflowStateMachinesProps): stepfunctions.StateMachine {
    const machine = this.#machine('rotate-secret', {
      PrepareFunctionArn: props.prepare.function.functionArn,
      ReportFunctionArn: props.report.function.functionArn,
      PropagateSecretStateMachineArn: this.propagateSecret.stateMachineArn,
      RetireCredentialStateMachineArn: this.retireCredential.stateMachineArn,
    });
    this.#mayCall(machine, props.prepare, props.report);
    this.#allow(
      machine,
      ['states:StartExecution'],
      [this.propagateSecret.stateMachineArn, this.retireCredential.stateMachineArn],
    );
    for (const child of ['propagate-secret', 'retire-credential']) this.#mayWaitForExecutions(machine, child);
    return machine;
  }

  /**
   * A distributed map runs its items as executions of its own machine.
   * https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
   */
  #fleet(props: WorkflowStateMachinesProps): stepfunctions.StateMachine {
    const fleet = this.#machine('rotate-fleet', {
      SelectSecretsFunctionArn: props.selectSecrets.function.functionArn,
      ReportFunctionArn: props.report.function.functionArn,
      RotateSecretStateMachineArn: this.rotateSecret.stateMachineArn,
    });
    this.#mayCall(fleet, props.selectSecrets, props.report);
    this.#allow(fleet, ['states:StartExecution'], [this.rotateSecret.stateMachineArn, this.#arnOf('rotate-fleet')]);
    this.#mayWaitForExecutions(fleet, 'rotate-secret');
    return fleet;
  }

  #executionsOf(name: string): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.#pipelineName}-${name}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #arnOf(name: string): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: `${this.#pipelineName}-${name}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #machine(name: string, substitutions: Record<string, string>): stepfunctions.StateMachine {
    const id = name
      .split('-')
      .map((word) => word[0]?.toUpperCase() + word.slice(1))
      .join('');
    const machine = new stepfunctions.StateMachine(this, id, {
      stateMachineName: `${this.#pipelineName}-${name}`,
      definitionBody: stepfunctions.DefinitionBody.fromFile(`${DEFINITIONS}${name}.asl.json`),
      definitionSubstitutions: substitutions,
      tracingEnabled: true,
      logs: {
        // Data would be ARNs and version ids only, but an execution's history has them already.
        destination: new logs.LogGroup(this, `${id}Log`, {
          retention: logs.RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: stepfunctions.LogLevel.ALL,
        includeExecutionData: false,
      },
    });
    acknowledge(machine, 'X-Ray and the delivery of logs know no resources.', 'IAM5[Resource::*]');
    return machine;
  }

  /**
   * `.sync:2` learns of the end of a nested execution from a rule that Step Functions manages; without these
   * permissions it polls, late. https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
   */
  #mayWaitForExecutions(parent: stepfunctions.StateMachine, childName: string): void {
    const stack = Stack.of(this);
    const executions = this.#executionsOf(childName);
    this.#allow(parent, ['states:DescribeExecution', 'states:StopExecution'], [executions]);
    acknowledgeWildcards(parent, 'The names of executions are not known before they are started.', executions);
    this.#allow(
      parent,
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      [
        stack.formatArn({
          service: 'events',
          resource: 'rule',
          resourceName: 'StepFunctionsGetEventsForStepFunctionsExecutionRule',
        }),
      ],
    );
  }

  /** The function itself, not its versions and aliases: CDK's grant would let in both. */
  #mayCall(machine: stepfunctions.StateMachine, ...called: BundledFunction[]): void {
    this.#allow(
      machine,
      ['lambda:InvokeFunction'],
      called.map((bundled) => bundled.function.functionArn),
    );
  }

  #allow(machine: stepfunctions.StateMachine, actions: string[], resources: string[]): void {
    machine.addToRolePolicy(new iam.PolicyStatement({ actions, resources }));
  }
}
